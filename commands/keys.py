"""`baton key`: make, list, roll and revoke API keys. A key is shown once, when it is made; only its hash is kept."""

import secrets
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from api.access import Role, key_hash
from domain.ids import new_key_id
from models.access import ApiKeyRow, is_in_force
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.locks import Lock, wait_for_lock
from models.stock import LocationRow
from models.subscription import SubscriptionRow
from record.subscriptions.ending import end_with_keys
from settings import Settings

Days = Annotated[int | None, typer.Option(min=1, max=3650, help="How many days it is valid; without an end by default")]


class KeyRefused(ValueError):
    """The key cannot be made; the message says why."""


def create(
    name: Annotated[str, typer.Argument(help="Who uses the key; events of orders name it")],
    role: Annotated[Role, typer.Option(help="What the key may do")] = Role.STAFF,
    channel: Annotated[str | None, typer.Option(help="The one channel of a key of the role channel")] = None,
    location: Annotated[str | None, typer.Option(help="Where a key of the role store works")] = None,
    days: Days = None,
) -> None:
    """Make a key and print it, this once."""
    try:
        print(create_key(_sessions(), name, role, channel, location, days=days))
    except KeyRefused as error:
        raise typer.BadParameter(str(error)) from None


def list_() -> None:
    """Show who has a key."""
    table = Table("id", "name", "role", "channel", "location", "made", "last used", "ends", "revoked")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    with _sessions()() as session:
        for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at)):
            moments = (row.created_at, row.last_used_at, row.expires_at, row.revoked_at)
            days = [f"{at:%Y-%m-%d}" if at else "" for at in moments]
            table.add_row(row.key_id, row.name, row.role, row.channel, row.location, *days)
    Console().print(table)


def roll(
    which: Annotated[str, typer.Argument(help="The id or the name of the key")],
    hours: Annotated[int, typer.Option(min=0, max=720, help="How long the old key stays valid")] = 24,
    days: Days = None,
) -> None:
    """Make a key that replaces another and takes over its subscriptions, and print it, this once."""
    try:
        print(roll_key(_sessions(), which, timedelta(hours=hours), days=days))
    except KeyRefused as error:
        raise typer.BadParameter(str(error)) from None


def revoke(which: Annotated[str, typer.Argument(help="The id of one key, or a name: every key of it ends")]) -> None:
    """End a key and what belongs to it; an API that used it just now notices up to 30 seconds later."""
    count = revoke_keys(_sessions(), which)
    if not count:
        raise typer.BadParameter(f"there is no key in force of the id or name {which}")
    print(f"{count} revoked")


def create_key(
    sessions: Sessions,
    name: str,
    role: str,
    channel: str | None = None,
    location: str | None = None,
    *,
    days: int | None = None,
) -> str:
    """Make a key of 256 random bits, valid for `days` or without an end.

    Raises KeyRefused if the role is unknown or does not fit channel and location, or if `name` has a key in force.
    """
    if role not in set(Role):
        raise KeyRefused(f"there is no role {role}")
    if (Role(role) is Role.CHANNEL) != (channel is not None):
        raise KeyRefused("a key of the role channel has a channel, and no other key has")
    if (Role(role) is Role.STORE) != (location is not None):
        raise KeyRefused("a key of the role store has a location, and no other key has")
    with sessions.begin() as session:
        wait_for_lock(session, Lock.KEYS)
        if location is not None and session.get(LocationRow, location) is None:
            raise KeyRefused(f"there is no location {location}: a key of the role store works at one")
        if session.scalar(select(ApiKeyRow.key_id).where(ApiKeyRow.name == name, is_in_force()).limit(1)):
            raise KeyRefused(f"{name} has a key in force: `baton key roll` replaces it, `baton key revoke` ends it")
        return _make(session, ApiKeyRow(name=name, role=role, channel=channel, location=location), days)


def roll_key(sessions: Sessions, which: str, grace: timedelta, *, days: int | None = None) -> str:
    """Make a key of the same name and rights that takes over the subscriptions; the old one ends after `grace`.

    Raises KeyRefused if there is no key in force of this id or name.
    """
    with sessions.begin() as session:
        wait_for_lock(session, Lock.KEYS)
        newest = select(ApiKeyRow).where(_named(which), is_in_force()).order_by(ApiKeyRow.created_at.desc()).limit(1)
        old = session.scalar(newest)
        if old is None:
            raise KeyRefused(f"there is no key in force of the id or name {which}")
        new = ApiKeyRow(name=old.name, role=old.role, channel=old.channel, location=old.location)
        key = _make(session, new, days)
        owned = update(SubscriptionRow).where(SubscriptionRow.key_id == old.key_id)
        session.execute(owned.values(key_id=new.key_id))
        old.expires_at = func.least(func.coalesce(old.expires_at, func.now() + grace), func.now() + grace)
    return key


def revoke_keys(sessions: Sessions, which: str) -> int:
    """End the key of this id, or every key of this name that is not revoked; return how many there were."""
    ending = update(ApiKeyRow).where(_named(which), ApiKeyRow.revoked_at.is_(None)).values(revoked_at=func.now())
    with sessions.begin() as session:
        ended = session.scalars(ending.returning(ApiKeyRow.key_id)).all()
        end_with_keys(session)
    return len(ended)


def _make(session: Session, row: ApiKeyRow, days: int | None) -> str:
    key = f"baton_{secrets.token_urlsafe(32)}"
    row.key_hash, row.key_id = key_hash(key), new_key_id()
    if days is not None:
        row.expires_at = func.now() + timedelta(days=days)
    session.add(row)
    session.flush()
    return key


def _named(which: str) -> ColumnElement[bool]:
    return or_(ApiKeyRow.key_id == which, ApiKeyRow.name == which)


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
