"""The list of differences between a partner's books and the record: found, found again, or gone."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.statements import Difference
from models.statements import IS_OPEN, PartnerDifferenceRow, StatementEntryRow

Row = PartnerDifferenceRow
ONE = ("partner", "book", "subject", "kind")
UNSYNCHRONIZED: dict[str, Any] = {"synchronize_session": False}


def keep_differences(
    session: Session, partner: str, book: str, subjects: Sequence[str], found: Sequence[Difference]
) -> int:
    """Store what was found of these subjects, and close their other open differences. Return how many were closed."""
    if found:
        # Each once and sorted, so that two concurrent writers never deadlock.
        rows = {(one.subject, one.kind): {"partner": partner, "book": book, **asdict(one)} for one in found}
        row = insert(Row)
        again = {name: row.excluded[name] for name in ("ours", "theirs")} | {"last_seen_at": func.now()}
        kept = row.on_conflict_do_update(index_elements=ONE, index_where=IS_OPEN, set_=again)
        # The rows beside the statement: one of thousands of values would take seconds to put together.
        session.execute(kept, [rows[key] for key in sorted(rows)])
    # What was found just now has the time of this transaction.
    of_them = Row.partner == partner, Row.book == book, Row.subject.in_(subjects), Row.gone_at.is_(None)
    gone = update(Row).where(*of_them, Row.last_seen_at < func.now()).values(gone_at=func.now())
    return len(session.scalars(gone.returning(Row.difference_id), execution_options=UNSYNCHRONIZED).all())


def open_before(session: Session, partner: str, book: str, begun: datetime, after: int, limit: int) -> Sequence[Row]:
    """Return open differences that the comparison begun at `begun` has not found again yet."""
    of_book = Row.partner == partner, Row.book == book, Row.gone_at.is_(None), Row.difference_id > after
    wanted = select(Row).where(*of_book, Row.last_seen_at < begun)
    return session.scalars(wanted.order_by(Row.difference_id).limit(limit)).all()


def mark_seen(session: Session, partner: str, book: str, subjects: Sequence[str]) -> None:
    """Mark these subjects as compared."""
    if subjects:
        seen = [{"partner": partner, "book": book, "subject": subject} for subject in sorted(set(subjects))]
        session.execute(insert(StatementEntryRow).on_conflict_do_nothing(), seen)


def forget_seen(session: Session, partner: str) -> None:
    session.execute(delete(StatementEntryRow).where(StatementEntryRow.partner == partner))
