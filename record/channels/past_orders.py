"""Read payloads of a channel as past orders, and keep a known past order up with what the channel pays back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from integrations.channels.reading import Unreadable
from models.order import OrderRow
from record.channels.accounts import Account
from record.channels.reading import Reading, log, own_words, unrecordable, version_at
from record.orders.elsewhere import lines_of
from record.orders.past import NotOver, PastOrder, PastWriter, past_order
from record.orders.told_refunds import book_told
from record.orders.writer import Receipt
from record.returns import cases


@dataclass(frozen=True, slots=True)
class NoPastOrder:
    """Why a payload is no past order, with the field at fault."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastReading:
    order: PastOrder
    modified_at: datetime


def read_past(account: Account, raw: bytes) -> PastReading | NoPastOrder:
    """Read a payload as a past order, or say why it is none."""
    try:
        translated = account.translator.translate(raw, account.shop)
        order = own_words(translated)
        version = version_at(translated.modified_at)
        return PastReading(past_order(translated, order, account.channel, version), translated.modified_at)
    except Unreadable as error:
        return NoPastOrder(error.field, error.reason)
    except NotOver as error:
        return NoPastOrder("lines", str(error))
    except Exception as error:
        log.exception("translator_broke", channel=account.channel, bytes=len(raw))
        return NoPastOrder("$", f"our translator broke: {type(error).__name__}")


def write_past(writer: PastWriter, orders: Sequence[PastOrder]) -> list[Receipt | NoPastOrder]:
    """Write the orders in one transaction. One that the database refuses fails alone."""
    try:
        return list(writer(orders))
    except (IntegrityError, DataError) as error:
        if len(orders) == 1:
            refused = unrecordable(error)
            return [NoPastOrder(refused.field or "$", refused.reason or "")]
        middle = len(orders) // 2
        return [*write_past(writer, orders[:middle]), *write_past(writer, orders[middle:])]


def keep_up(session: Session, row: OrderRow, reading: Reading) -> None:
    """Book what the channel has paid back since a past order was recorded; nothing else of it changes. `row` is
    locked."""
    if reading.version <= row.channel_version or reading.new is None:
        return
    row.channel_version, row.request_hash = reading.version, reading.new.request_hash
    book_told(session, row, reading.refunded_minor)
    units = Counter[str]()
    for name, count in reading.refunded_units:
        units[name] += count
    in_cases = cases.in_other_cases(session, row.order_id)
    for line in lines_of(session, row.order_id):
        stated = min(line.quantity, units[line.channel_line_id]) if line.channel_line_id else 0
        units[line.channel_line_id] -= stated
        more = stated - line.canceled - in_cases.get(line.line_no, 0)
        if more > 0:
            line.elsewhere = min(line.elsewhere, line.quantity - line.withdrawn - more)
            session.flush()
            line.withdrawn += more
            line.canceled += more
    session.flush()
