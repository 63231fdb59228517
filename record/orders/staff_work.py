"""What staff do with an order or a return case beside its course: notes, tags, and who takes care of it.

It is the record's alone, so that it works after the order's end and without Temporal. The log names ids and codes; the
words of notes and tags are kept where erasing a person reaches them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.notes import NoteRow
from models.order import OrderEventRow, OrderRow
from models.returns import ReturnRow
from record.journal import append_fact
from record.order_mapping import lock_order

MOST_NOTES = 1_000
"""Notes of an order, with those of its cases."""
MOST_TAGS = 50
SENT_AGAIN = timedelta(minutes=10)
"""The same note by the same person within this time is the same note."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An order that is locked, and its case if the work is about that."""

    order: OrderRow
    case: ReturnRow | None = None

    @property
    def row(self) -> OrderRow | ReturnRow:
        return self.order if self.case is None else self.case

    @property
    def return_id(self) -> str | None:
        return None if self.case is None else self.case.return_id


@dataclass(frozen=True, slots=True)
class NewNote:
    words: str
    mentions: Sequence[str] = ()
    attachments: Sequence[str] = ()


def locked(session: Session, order_id: str, case: ReturnRow | None = None) -> Subject:
    """Return the subject as it is now, locked until the transaction ends."""
    order = lock_order(session, order_id)
    if case is not None:
        session.refresh(case)
    return Subject(order, case)


def add_note(session: Session, subject: Subject, note: NewNote, by: str) -> int | None:
    """Return the note's number, of the first one if it was sent again; None if there are too many."""
    order_id = subject.order.order_id
    mine = NoteRow.order_id == order_id, NoteRow.return_id.is_not_distinct_from(subject.return_id), NoteRow.actor == by
    last = session.scalar(select(NoteRow).where(*mine).order_by(NoteRow.note_id.desc()).limit(1))
    if last is not None and _content(last) == _content(note) and datetime.now(UTC) - last.at < SENT_AGAIN:
        return last.note_id
    if (session.scalar(select(func.count()).where(NoteRow.order_id == order_id)) or 0) >= MOST_NOTES:
        return None
    row = NoteRow(order_id=order_id, return_id=subject.return_id, actor=by, words=note.words)
    row.mentions, row.attachments = list(note.mentions), list(note.attachments)
    session.add(row)
    session.flush()
    told = {"note_id": row.note_id, "mentions": row.mentions, "attachments": len(row.attachments)}
    _append(session, subject, "note.added", told, by)
    return row.note_id


def add_tag(session: Session, subject: Subject, tag: str, by: str) -> bool:
    """Add the tag unless it is there. Return False if there are too many."""
    row = subject.row
    if tag in row.tags:
        return True
    if len(row.tags) >= MOST_TAGS:
        return False
    row.tags = [*row.tags, tag]
    # `detail` is one of the words that are set apart from the log.
    _append(session, subject, "tags.changed", {"change": "added", "detail": tag}, by)
    return True


def remove_tag(session: Session, subject: Subject, tag: str, by: str) -> None:
    row = subject.row
    if tag in row.tags:
        row.tags = [one for one in row.tags if one != tag]
        _append(session, subject, "tags.changed", {"change": "removed", "detail": tag}, by)


def take(session: Session, subject: Subject, by: str, *, over: bool) -> bool:
    """Make somebody the one who takes care of it. Return False if another has it, unless it is to be taken `over`."""
    row = subject.row
    if row.assignee == by:
        return True
    if row.assignee is not None and not over:
        return False
    taken_from = {} if row.assignee is None else {"from": row.assignee}
    row.assignee = by
    _append(session, subject, f"{_kind(subject)}.taken", taken_from, by)
    return True


def give_back(session: Session, subject: Subject, by: str) -> bool:
    """Leave it to anybody. Return False if another has it."""
    row = subject.row
    if row.assignee is None:
        return True
    if row.assignee != by:
        return False
    row.assignee = None
    _append(session, subject, f"{_kind(subject)}.given_back", {}, by)
    return True


def _content(note: NoteRow | NewNote) -> tuple[str, list[str], list[str]]:
    return note.words, list(note.mentions), list(note.attachments)


def _kind(subject: Subject) -> str:
    return "order" if subject.case is None else "return"


def _append(session: Session, subject: Subject, event: str, data: dict[str, Any], by: str) -> None:
    """Append a fact. The order is locked, so that its number is new."""
    order_id = subject.order.order_id
    before = select(func.count()).where(OrderEventRow.order_id == order_id, OrderEventRow.type == event)
    about = {} if subject.case is None else {"return_id": subject.case.return_id}
    append_fact(session, order_id, event, f"{event}:{(session.scalar(before) or 0) + 1}", about | data, by)
