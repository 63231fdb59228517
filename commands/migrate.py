"""`baton migrate`: the schema, and the search attributes by which support staff find orders."""

import asyncio

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from commands.sealing import seal_all
from embedded.ending import end_process
from models.database import open_database, sessions
from models.grants import grant_to
from models.schema import migrate as migrate_schema
from settings import Settings
from workflows.search_attributes import ALL


def migrate() -> None:
    """Bring PostgreSQL and Temporal to what this version needs. Safe to run again and by several at once."""
    settings = Settings()
    engine = open_database(settings.database_url)
    migrate_schema(engine, lambda line: print(f"database: {line}", flush=True))
    with sessions(engine, settings.vault).begin() as session:
        sealed = seal_all(session)
        if settings.runtime_role:
            grant_to(session, settings.runtime_role)
    engine.dispose()
    print(f"database: schema is current, secrets of {sealed} accounts and subscriptions are sealed", flush=True)
    added = asyncio.run(_register(settings))
    print(f"temporal: search attributes are current, {added} added", flush=True)
    end_process(0)


async def _register(settings: Settings) -> int:
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    return await register_search_attributes(client)


async def register_search_attributes(client: Client) -> int:
    """Register what is missing, and answer how many that were."""
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
