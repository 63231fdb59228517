"""Accounts at channels: whose words they speak, and the secret by which their webhooks are believed."""

import json
import re
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from intake.accounts import make_account
from integrations.channels.shaping import CHANNEL
from models.channel import ChannelAccountRow
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from settings import Settings


def add(
    channel: Annotated[str, typer.Argument(help="Our name of the channel, such as tmall or shop-uk")],
    translator: Annotated[str, typer.Option(help="Whose words it speaks: a name of integrations/channels")],
    secret: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="BATON_CHANNEL_SECRET")],
    settings: Annotated[
        str,
        typer.Option(
            help="JSON: country, currency, zone, salt, marketplace, carriers, signature, merge_window, merge_group"
        ),
    ] = "{}",
) -> None:
    """Open an account, or change the one that is there."""
    try:
        save_account(_sessions(), channel, translator, secret, json.loads(settings))
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from None
    print(f"webhooks of {channel} go to /channels/{channel}/webhooks")


def list_() -> None:
    """Show the accounts, without their secrets."""
    table = Table("channel", "translator", "settings", "opened")
    with _sessions()() as session:
        for row in session.scalars(select(ChannelAccountRow).order_by(ChannelAccountRow.channel)):
            shown = {name: value for name, value in row.settings.items() if name != "salt"}
            table.add_row(row.channel, row.translator, json.dumps(shown), f"{row.created_at:%Y-%m-%d}")
    Console().print(table)


def save_account(sessions: Sessions, channel: str, translator: str, secret: str, settings: dict[str, Any]) -> None:
    """ValueError or TypeError for a name, a translator or a setting that would not work."""
    if not re.fullmatch(CHANNEL, channel):
        raise ValueError("a channel is named by small letters, digits and dashes")
    make_account(channel, translator, secret, settings)
    with sessions.begin() as session:
        session.merge(ChannelAccountRow(channel=channel, translator=translator, secret=secret, settings=settings))


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
