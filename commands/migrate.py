"""`baton migrate`: the schema, sealed secrets, and the search attributes by which support staff find orders."""

import asyncio

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from commands.places import load_package
from embedded.ending import end_process
from models.channel import ChannelAccountRow
from models.database import open_database, sessions
from models.exports import ExportRow
from models.grants import grant_to
from models.schema import migrate as migrate_schema
from models.subscription import SubscriptionRow
from models.vault import each_secret, vault_of
from settings import Settings
from workflows.search_attributes import ALL


def migrate() -> None:
    """Bring PostgreSQL and Temporal to what this version needs. Safe to repeat, also at the same time."""
    settings = Settings()
    engine = open_database(settings.database_url)
    migrate_schema(engine, lambda line: print(f"database: {line}", flush=True))
    with sessions(engine, settings.vault).begin() as session:
        sealed = seal_secrets(session)
        places = load_package(session)
        if settings.runtime_role:
            grant_to(session, settings.runtime_role)
    engine.dispose()
    print(f"database: schema is current, secrets of {sealed} accounts and subscriptions are sealed", flush=True)
    print(f"database: names of cities and regions are current, {places} added", flush=True)
    added = asyncio.run(_register(settings))
    print(f"temporal: search attributes are current, {added} added", flush=True)
    end_process(0)


def seal_secrets(session: Session) -> int:
    """Seal the secrets of every channel, subscriber and export with today's key; return how many rows there are.

    Until then they may be open, or sealed with a key that was replaced.
    """
    vault = vault_of(session)

    def reseal(stored: str) -> str:
        return vault.seal(vault.read(stored))

    accounts = session.scalars(select(ChannelAccountRow).with_for_update()).all()
    for account in accounts:
        account.secret, account.settings = reseal(account.secret), each_secret(account.settings, reseal)
    subscriptions = session.scalars(select(SubscriptionRow).with_for_update()).all()
    for subscription in subscriptions:
        subscription.secret = reseal(subscription.secret)
        subscription.former_secret = reseal(subscription.former_secret or "") or None
    exports = session.scalars(select(ExportRow).with_for_update()).all()
    for export in exports:
        export.target = each_secret(export.target, reseal)
    return len(accounts) + len(subscriptions) + len(exports)


async def _register(settings: Settings) -> int:
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    return await register_search_attributes(client)


async def register_search_attributes(client: Client) -> int:
    """Register missing search attributes and return how many there were."""
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {key.name: key.indexed_value_type for key in ALL if key.name not in present.custom_attributes}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: IndexedValueType.ValueType(int(kind)) for name, kind in missing.items()},
            )
        )
    return len(missing)
