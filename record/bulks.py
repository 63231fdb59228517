"""Bulks in the database: their items are written together with them, and each is settled once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from domain.bulk import Outcome
from models.bulk import BulkItemRow, BulkRow

FREE_TEXT = ("note", "reason", "tag")
"""Parameters that may name somebody: they are kept until the bulk has ended."""
INSERT_ITEMS = text("""
    INSERT INTO bulk_items (bulk_id, item_no, subject_id)
    SELECT :bulk_id, number, subject FROM unnest(CAST(:subjects AS text[])) WITH ORDINALITY AS named(subject, number)
""")
# The counts follow in the same statement, so that they are always those of the items.
SETTLE = text(
    """
    WITH settled AS (
        UPDATE bulk_items SET state = :state, code = :code, detail = :detail, settled_at = now()
        WHERE bulk_id = :bulk_id AND item_no = :item_no AND state = 'waiting' RETURNING state)
    UPDATE bulks SET done = done + (state = 'done')::int, pending = pending + (state = 'pending')::int,
        refused = refused + (state = 'refused')::int, not_found = not_found + (state = 'not_found')::int,
        failed = failed + (state = 'failed')::int
    FROM settled WHERE bulk_id = :bulk_id
""".replace("::", r"\:\:")
)
CANCEL_REST = text("""
    WITH left_over AS (
        UPDATE bulk_items SET state = 'canceled', settled_at = now()
        WHERE bulk_id = :bulk_id AND state = 'waiting' RETURNING 1)
    UPDATE bulks SET canceled = canceled + (SELECT count(*) FROM left_over) WHERE bulk_id = :bulk_id
""")


@dataclass(frozen=True, slots=True)
class Item:
    item_no: int
    subject_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a bulk does next: nothing if it has ended."""

    bulk: BulkRow
    items: Sequence[Item]


def find_same(session: Session, key_id: str, request_key: str) -> BulkRow | None:
    """Return the bulk that this key has asked for by this Idempotency-Key."""
    mine = BulkRow.key_id == key_id, BulkRow.request_key == request_key
    return session.scalar(select(BulkRow).where(*mine))


def count_open(session: Session, key_id: str) -> int:
    open_ones = select(func.count()).where(BulkRow.ended_at.is_(None), BulkRow.key_id == key_id)
    return session.scalar(open_ones) or 0


def write_bulk(session: Session, bulk: BulkRow, subjects: Sequence[str]) -> None:
    """Write the bulk with its items, in this sequence."""
    bulk.total = len(subjects)
    session.add(bulk)
    session.flush()
    session.execute(INSERT_ITEMS, {"bulk_id": bulk.bulk_id, "subjects": list(subjects)})


def next_work(session: Session, bulk_id: str, limit: int) -> Work | None:
    """Return the bulk with the items that are due next, those tried least first; None if it has ended.

    When nothing waits any more, or it is to be canceled, the bulk ends here.
    """
    bulk = session.get(BulkRow, bulk_id)
    if bulk is None or bulk.ended_at is not None:
        return None
    if bulk.cancel_asked_at is not None:
        session.execute(CANCEL_REST, {"bulk_id": bulk_id})
    row = BulkItemRow
    waiting = select(row.item_no, row.subject_id, row.tries).where(row.bulk_id == bulk_id, row.state == "waiting")
    items = [Item(*one) for one in session.execute(waiting.order_by(row.tries, row.item_no).limit(limit))]
    if items:
        return Work(bulk, items)
    _end(session, bulk)
    return None


def settle_item(session: Session, bulk_id: str, item_no: int, outcome: Outcome) -> None:
    """Write what became of an item; one that is settled stays as it is."""
    values = {"state": outcome.state, "code": outcome.code, "detail": outcome.detail[:300]}
    session.execute(SETTLE, {"bulk_id": bulk_id, "item_no": item_no} | values)


def put_off(session: Session, bulk_id: str, item_no: int) -> None:
    """Let an item wait for another try, behind those that were tried less."""
    row = BulkItemRow
    mine = row.bulk_id == bulk_id, row.item_no == item_no, row.state == "waiting"
    session.execute(update(row).where(*mine).values(tries=row.tries + 1))


def ask_cancel(session: Session, bulk: BulkRow, by: str) -> None:
    """Have the bulk end before its next act."""
    if bulk.cancel_asked_at is None:
        bulk.cancel_asked_at, bulk.canceled_by = func.now(), by


def open_bulks(session: Session) -> Sequence[str]:
    return session.scalars(select(BulkRow.bulk_id).where(BulkRow.ended_at.is_(None)).order_by(BulkRow.bulk_id)).all()


def delete_old(session: Session, kept: timedelta) -> int:
    """Delete one bulk that ended longer ago, with its items. Return how many."""
    old = select(BulkRow.bulk_id).where(BulkRow.ended_at < func.now() - kept).order_by(BulkRow.ended_at).limit(1)
    done = session.execute(delete(BulkRow).where(BulkRow.bulk_id.in_(old)).returning(BulkRow.bulk_id))
    return len(done.all())


def counts_of(bulk: BulkRow) -> Mapping[str, int]:
    names = ("done", "pending", "refused", "not_found", "failed", "canceled")
    counts = {name: getattr(bulk, name) for name in names}
    return counts | {"waiting": bulk.total - sum(counts.values())}


def _end(session: Session, bulk: BulkRow) -> None:
    kept: dict[str, Any] = {name: value for name, value in bulk.parameters.items() if name not in FREE_TEXT}
    mine = BulkRow.bulk_id == bulk.bulk_id, BulkRow.ended_at.is_(None)
    session.execute(update(BulkRow).where(*mine).values(ended_at=func.now(), parameters=kept))
