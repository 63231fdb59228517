"""Check that the logs of orders are as they were sealed and signed. Read-only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from domain.trace import FIRST, Fact, link
from models.trace import TraceRootRow
from record.trail.anchors import Anchor
from record.trail.days import current_day, is_signed

# A full join: a fact without a seal was added, and a seal without a fact is what remains of a removed one.
EVERYTHING = """
    SELECT coalesce(seal.order_id, event.order_id) AS order_id, coalesce(seal.event_id, event.event_id) AS event_id,
        seal.position, seal.hash, event.event_id IS NOT NULL AS is_there, event.order_id AS told_of, at, type, key,
        actor, data, event.event_id <= (SELECT coalesce(max(sealing.event_id), 0) FROM sealing) AS is_old,
        EXISTS (SELECT FROM set_asides
            WHERE kind = 'fact' AND subject = CAST(event.event_id AS text)) AS is_aside
    FROM event_seals AS seal FULL JOIN order_events AS event USING (event_id)
"""
OF_ONE = text(f"{EVERYTHING} WHERE :order_id IN (seal.order_id, event.order_id) ORDER BY 1, position, 2")
OF_ALL = text(f"{EVERYTHING} ORDER BY 1, position, 2")
RESEALED = text("""
    SELECT leaf.day, leaf.order_id, leaf.position FROM trace_leaves AS leaf
    LEFT JOIN event_seals AS seal USING (order_id, position)
    WHERE leaf.day = :day AND seal.hash IS DISTINCT FROM leaf.hash ORDER BY leaf.order_id
""")
CHUNK = 5_000
ADDED = "was added"


@dataclass(frozen=True, slots=True)
class Link:
    """One fact of an order with its seal; `fault` says what is wrong with it, or is empty.

    `position` is 0 for a fact that is not sealed (yet), and `fact` None when only the seal remains.
    """

    order_id: str
    event_id: int
    position: int
    hash: bytes
    fact: Fact | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SignedDay:
    """A signed day; `faults` name what is not as it was signed."""

    day: date
    orders: int
    faults: tuple[str, ...] = ()


def links(session: Session, order_id: str = "") -> Iterator[Link]:
    """Yield the chain of one order, or of all orders, in sequence; read in chunks, however long it is."""
    statement = OF_ONE.bindparams(order_id=order_id) if order_id else OF_ALL
    rows = session.execute(statement, execution_options={"yield_per": CHUNK})
    last = ""
    position, previous = 0, FIRST
    for row in rows:
        if row.order_id != last:
            last, position, previous = row.order_id, 0, FIRST
        yield _link(row, position, previous)
        if row.hash is not None:
            position, previous = row.position, bytes(row.hash)


def signed_days(
    session: Session, key: Ed25519PublicKey, anchored: Mapping[date, Anchor] | None = None
) -> Iterator[SignedDay]:
    """Yield every signed day, oldest first, after comparing its leaves, chains and anchor with its signature."""
    missing = dict(anchored or {})
    for row in session.scalars(select(TraceRootRow).order_by(TraceRootRow.day)):
        day, faults = current_day(session, row.day), []
        if not is_signed(day, bytes(row.signature), key):
            faults.append(f"what was signed for {row.day} is not what is there: a leaf, a root or a day is another one")
        anchor = missing.pop(row.day, None)
        if anchored and anchor != Anchor.of(day, bytes(row.signature)):
            faults.append(f"{row.day} was anchored with another root" if anchor else f"{row.day} was never anchored")
        faults += [
            f"order {leaf.order_id}: fact {leaf.position} is not the one that was signed on {leaf.day}"
            for leaf in session.execute(RESEALED, {"day": row.day})
        ]
        yield SignedDay(row.day, row.orders, tuple(faults))
    for day_, gone in sorted(missing.items()):
        yield SignedDay(day_, gone.orders, (f"{day_} was signed and anchored, and its root is gone",))


def _link(row: Row[tuple[object, ...]], position: int, previous: bytes) -> Link:
    known = row.is_there
    fact = Fact(row.event_id, row.told_of, row.at, row.type, row.key, row.actor, row.data) if known else None
    link_ = Link(row.order_id, row.event_id, row.position or 0, bytes(row.hash or b""), fact)
    fault = _fault(link_, bool(row.is_old), position, previous)
    return replace(link_, fault="could not be sealed and is set aside" if fault == ADDED and row.is_aside else fault)


def _fault(found: Link, is_old: bool, position: int, previous: bytes) -> str:
    if found.fact is None:
        return "was removed"
    if not found.position:
        return ADDED if is_old else ""
    if found.position != position + 1:
        return f"stands at {found.position} after {position}: what was between is gone"
    if link(previous, found.fact) != found.hash:
        return "was changed or moved"
    return ""
