"""The list of differences between a partner and the record: written down, found again, gone."""

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
    """Write down what was found of these subjects, and that everything else of them agrees. Answers how many open
    differences are gone by it."""
    if found:
        # Each once, and always in the same order, so that two who write at once wait for each other in line.
        rows = {(one.subject, one.kind): {"partner": partner, "book": book, **asdict(one)} for one in found}
        row = insert(Row).values([rows[key] for key in sorted(rows)])
        again = {name: row.excluded[name] for name in ("ours", "theirs")} | {"last_seen_at": func.now()}
        session.execute(row.on_conflict_do_update(index_elements=ONE, index_where=IS_OPEN, set_=again))
    # What was found is of this very moment: a transaction has one.
    of_them = Row.partner == partner, Row.book == book, Row.subject.in_(subjects), Row.gone_at.is_(None)
    gone = update(Row).where(*of_them, Row.last_seen_at < func.now()).values(gone_at=func.now())
    return len(session.scalars(gone.returning(Row.difference_id), execution_options=UNSYNCHRONIZED).all())


def open_before(session: Session, partner: str, book: str, begun: datetime, after: int, limit: int) -> Sequence[Row]:
    """Differences that are open and that a comparison which has begun at `begun` has not found yet."""
    of_book = Row.partner == partner, Row.book == book, Row.gone_at.is_(None), Row.difference_id > after
    wanted = select(Row).where(*of_book, Row.last_seen_at < begun)
    return session.scalars(wanted.order_by(Row.difference_id).limit(limit)).all()


def mark_seen(session: Session, partner: str, book: str, subjects: Sequence[str]) -> None:
    """The comparison need not look for these any more."""
    if subjects:
        seen = [{"partner": partner, "book": book, "subject": subject} for subject in sorted(set(subjects))]
        session.execute(insert(StatementEntryRow).on_conflict_do_nothing(), seen)


def forget_seen(session: Session, partner: str) -> None:
    session.execute(delete(StatementEntryRow).where(StatementEntryRow.partner == partner))
