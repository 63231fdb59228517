"""`baton channel`: our accounts at channels, each with its translator and the secret that proves its webhooks."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from temporalio.client import Client
from temporalio.service import RPCError

from domain.secrets import TOO_SHORT, is_secret
from integrations.channels.shaping import CHANNEL
from models.channel import ChannelAccountRow
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.vault import SECRETS, each_secret, vault_of
from record.channels.accounts import make_account, pull_plans
from settings import Settings
from workflows.schedules import keep_schedules


def add(
    channel: Annotated[str, typer.Argument(help="Our name of the channel, such as tmall or shop-uk")],
    translator: Annotated[str, typer.Option(help="The format of its orders: a name of integrations/channels")],
    secret: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="BATON_CHANNEL_SECRET")],
    settings: Annotated[
        str,
        typer.Option(
            help="JSON: country, currency, zone, salt, marketplace, carriers, signature, merge_window, merge_group,"
            " when_short, edits, language"
        ),
    ] = "{}",
    pull: Annotated[
        str,
        typer.Option(
            envvar="BATON_CHANNEL_PULL",
            help="JSON: url, token, key, secret, every, overlap, skew, first, page_size, timeout, reconcile_at,"
            " reconcile_days, enabled",
        ),
    ] = "",
    push: Annotated[
        str,
        typer.Option(
            envvar="BATON_CHANNEL_PUSH",
            help="JSON: url, token, location, every, batch, timeout, refused_after, enabled",
        ),
    ] = "",
    upload: Annotated[
        str,
        typer.Option(
            envvar="BATON_CHANNEL_UPLOAD",
            help="JSON: url, token, key, secret, method, timeout, enabled",
        ),
    ] = "",
    access: Annotated[
        str,
        typer.Option(
            envvar="BATON_CHANNEL_ACCESS",
            help="JSON: url, key, secret, token, refresh_token, renew_url, link: of an app whose tokens Baton renews",
        ),
    ] = "",
    refund: Annotated[str, typer.Option(envvar="BATON_CHANNEL_REFUND", help="JSON: url, token, timeout, enabled")] = "",
) -> None:
    """Open an account, or change the existing one. --pull also pulls its orders, --push pushes the stock of its
    listings, --upload reports parcels to its platform in the platform's own format, --refund pays back there what the
    platform has collected."""
    sessions = _sessions()
    try:
        options = ("access", access), ("pull", pull), ("push", push), ("upload", upload), ("refund", refund)
        calls = {name: json.loads(value) for name, value in options if value}
        values = json.loads(settings) | calls
        save_account(sessions, channel, translator, secret, values)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from None
    print(f"webhooks of {channel} go to /channels/{channel}/webhooks")
    if any(plan.channel == channel for plan in pull_plans(sessions)):
        print(_schedule_pull(sessions, channel))
    if "push" in values:
        print(f"stock of its listings is pushed: PUT /listings/{channel}/(sku)")


def list_() -> None:
    """Show the accounts, without their secrets."""
    table = Table("channel", "translator", "settings", "opened")
    with _sessions()() as session:
        for row in session.scalars(select(ChannelAccountRow).order_by(ChannelAccountRow.channel)):
            shown = _without_secrets(row.settings)
            table.add_row(row.channel, row.translator, json.dumps(shown), f"{row.created_at:%Y-%m-%d}")
    Console().print(table)


def save_account(sessions: Sessions, channel: str, translator: str, secret: str, settings: dict[str, Any]) -> None:
    """Add or replace the account. Raise ValueError or TypeError for a name, translator or setting that cannot work."""
    if not re.fullmatch(CHANNEL, channel):
        raise ValueError("a channel is named by small letters, digits and dashes")
    with sessions.begin() as session:
        vault = vault_of(session)
        before = session.get(ChannelAccountRow, channel, with_for_update=True)
        if before is not None and before.translator == translator and "access" in before.settings:
            # Baton may have renewed its tokens since they were given: those of then are used up.
            settings = each_secret({"access": before.settings["access"]}, vault.read) | settings
        account = make_account(channel, translator, secret, settings)
        if account.signature is not None and not is_secret(secret):
            raise ValueError(f"the secret {TOO_SHORT}")
        sealed = {"secret": vault.seal(secret), "settings": each_secret(settings, vault.seal)}
        session.merge(ChannelAccountRow(channel=channel, translator=translator, **sealed))


def _schedule_pull(sessions: Sessions, channel: str) -> str:
    try:
        asyncio.run(_keep_schedules(sessions))
    except (RPCError, RuntimeError):
        return f"Temporal does not answer: {channel} is pulled from the next start of a worker on"
    return f"{channel} is pulled by the schedules pull/{channel} and reconcile/{channel}"


async def _keep_schedules(sessions: Sessions) -> None:
    settings = Settings()
    plans = await asyncio.to_thread(pull_plans, sessions)
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    await asyncio.wait_for(keep_schedules(client, settings, plans), timedelta(minutes=1).total_seconds())


def _without_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_secrets(value) if isinstance(value, dict) else value
        for name, value in settings.items()
        if name not in SECRETS
    }


def _sessions() -> Sessions:
    settings = Settings()
    return open_sessions(open_database(settings.database_url, connections=1), settings.vault)
