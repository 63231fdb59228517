"""Take in orders that we fetched: each like a webhook of its own, so that a repeat changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from integrations.channels.translated import Kind
from models.channel import IntakeRow
from models.database import Sessions
from models.order import OrderRow
from models.pull import ChannelPullRow
from record.channels.accounts import Account
from record.channels.intake_writer import ChannelWriter
from record.channels.intakes import Arrival, Intake
from record.channels.past_orders import NoPastOrder, PastReading, read_past, write_past
from record.channels.reading import PAST, read_order, rejected, unrecordable
from record.orders.past import PastOrder, PastWriter
from record.orders.writer import OrderWriter

PULL = "pull"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole order as fetched, with the kinds of the thin event that named it."""

    raw: bytes
    kinds: tuple[Kind, ...] = ()


def past_before(session: Session, channel: str, since: datetime | None) -> datetime | None:
    """Return when the first pull of the channel began; None unless its account says `since` when it wants orders."""
    begun = select(ChannelPullRow.begun_at).where(ChannelPullRow.channel == channel)
    return session.scalar(begun) if since else None


def take_past(
    sessions: Sessions, account: Account, fetched: Sequence[Fetched], before: datetime
) -> tuple[list[Fetched], list[Intake]]:
    """Record those that are new and were over `before` as past orders. Return the others, and the intakes of those that
    the record refuses: they are past all the same, and nothing may be done for them."""
    live, over = list[Fetched](), list[tuple[Fetched, PastOrder]]()
    for one in fetched:
        reading = read_past(account, one.raw)
        if isinstance(reading, PastReading) and reading.modified_at < before:
            over.append((one, reading.order))
        else:
            live.append(one)
    receipts = write_past(PastWriter(sessions), [order for _, order in over])
    refused = list[Arrival]()
    for (one, _), receipt in zip(over, receipts, strict=True):
        if isinstance(receipt, NoPastOrder):
            why = replace(rejected(receipt.field, receipt.reason), kind=PAST)
            refused.append(Arrival(PULL, account.name, account.channel, one.raw, {}, why))
        elif not receipt.new:
            live.append(one)
    return live, ChannelWriter(sessions)(refused) if refused else []


def take_either(sessions: Sessions, account: Account, one: Fetched) -> Intake | None:
    """Take in one order; return None of a past one, which is recorded as such and has no intake."""
    with sessions() as session:
        before = past_before(session, account.channel, account.pull.since if account.pull else None)
    live, refused = take_past(sessions, account, [one], before) if before else ([one], [])
    return next(iter([*take_fetched(sessions, account, live), *refused]), None)


def take_fetched(sessions: Sessions, account: Account, fetched: Sequence[Fetched]) -> list[Intake]:
    """Take in what can be read and store the rest with its reason. Return the intakes in the same sequence.

    New orders are committed before the intakes: what a crash between the two leaves out is written by the next pull.
    """
    if not fetched:
        return []
    arrivals = [
        Arrival(PULL, account.name, account.channel, one.raw, {}, read_order(account, one.raw, *one.kinds))
        for one in fetched
    ]
    return ChannelWriter(sessions)(_write(OrderWriter(sessions), arrivals))


def versions_of(session: Session, channel: str, channel_order_ids: Iterable[str]) -> Mapping[str, str]:
    """Return our version of each known order; empty where a crash cut off its first intake."""
    kept = exists().where(IntakeRow.order_id == OrderRow.order_id)
    known = select(OrderRow.channel_order_id, OrderRow.channel_version, (kept | OrderRow.past).label("kept")).where(
        OrderRow.channel == channel, OrderRow.channel_order_id.in_(list(channel_order_ids))
    )
    return {row.channel_order_id: row.channel_version if row.kept else "" for row in session.execute(known)}


def _write(writer: OrderWriter, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Write the orders and return the arrivals with their receipts. One that the database refuses fails alone."""
    new = [arrival.reading.new for arrival in arrivals if arrival.reading.new is not None]
    if not new:
        return list(arrivals)
    try:
        receipts = iter(writer(new))
    except (IntegrityError, DataError) as error:
        if len(arrivals) == 1:
            return [replace(arrivals[0], reading=unrecordable(error))]
        return [written for arrival in arrivals for written in _write(writer, [arrival])]
    return [replace(one, receipt=next(receipts)) if one.reading.new is not None else one for one in arrivals]
