"""Keys to the API: made, listed and revoked. A key is shown once, when it is made; only its hash is kept."""

import secrets
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select, update

from api.access import Role, key_hash
from models.access import ApiKeyRow
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.stock import LocationRow
from settings import Settings


def create(
    name: Annotated[str, typer.Argument(help="Who uses the key; events of orders name it")],
    role: Annotated[Role, typer.Option(help="What the key may do")] = Role.STAFF,
    channel: Annotated[str | None, typer.Option(help="The one channel of a key of the role channel")] = None,
    location: Annotated[str | None, typer.Option(help="Where a key of the role store works")] = None,
) -> None:
    """Make a key and print it, this once."""
    try:
        print(create_key(_sessions(), name, role, channel, location))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def list_() -> None:
    """Show who has a key."""
    table = Table("name", "role", "channel", "location", "made", "revoked")
    with _sessions()() as session:
        for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at)):
            revoked = f"{row.revoked_at:%Y-%m-%d}" if row.revoked_at else ""
            table.add_row(row.name, row.role, row.channel, row.location, f"{row.created_at:%Y-%m-%d}", revoked)
    Console().print(table)


def revoke(name: Annotated[str, typer.Argument(help="Every key of this name ends")]) -> None:
    """End the keys of a name; an API that used one in the last 30 seconds notices that late."""
    count = revoke_keys(_sessions(), name)
    if not count:
        raise typer.BadParameter(f"nobody named {name} has a key")
    print(f"{count} revoked")


def create_key(
    sessions: Sessions, name: str, role: str, channel: str | None = None, location: str | None = None
) -> str:
    """A new key of 256 random bits. ValueError when the role is unknown or does not go with channel and location."""
    if (Role(role) is Role.CHANNEL) != (channel is not None):
        raise ValueError("a key of the role channel has a channel, and no other key has")
    if (Role(role) is Role.STORE) != (location is not None):
        raise ValueError("a key of the role store has a location, and no other key has")
    key = f"baton_{secrets.token_urlsafe(32)}"
    with sessions.begin() as session:
        if location is not None and session.get(LocationRow, location) is None:
            raise ValueError(f"there is no location {location}: a key of the role store works at one")
        session.add(ApiKeyRow(key_hash=key_hash(key), name=name, role=role, channel=channel, location=location))
    return key


def revoke_keys(sessions: Sessions, name: str) -> int:
    """End every key of this name that is not ended yet; how many that were."""
    ending = update(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
    with sessions.begin() as session:
        return len(session.scalars(ending.values(revoked_at=func.now()).returning(ApiKeyRow.key_hash)).all())


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
