"""Statements: compare what a partner lists with the record, a page at a time, and mend what we may mend.

read every page ─► ask for what was not listed ─► recheck what differed before ─► mend ─► the next book
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from temporalio import activity

from domain.errors import NotListed, StatementRefused
from domain.statement_books import BOOKS, Book, book_after, book_of
from domain.statements import Entry, differences
from integrations.statements import MAX_IDS_PER_CALL, Statements
from models.database import Sessions
from record.comparing import mending
from record.comparing.differences import forget_seen, keep_differences, mark_seen, open_before
from record.comparing.statement_books import known_of, not_listed
from settings import StatementPlan

READ, MISSING, AGAIN, MEND = "read", "missing", "again", "mend"
SLICE = timedelta(hours=1)


@dataclass(frozen=True)
class StatementRequest:
    partner: str


@dataclass(frozen=True)
class Place:
    """Where a comparison stands: its `book`, `stage` and `cursor` (which each stage uses in its own way). It compares
    what happened from `start` to `settled`; later changes may still be under way."""

    partner: str
    begun: datetime
    start: datetime
    settled: datetime
    book: str
    stage: str = READ
    cursor: str = ""


@dataclass(frozen=True)
class Step:
    """Counts of entries listed, and of differences found, gone since, and mended. `not_listed`: the partner keeps no
    such book. `following` is None once all is done."""

    following: Place | None
    listed: int = 0
    found: int = 0
    gone: int = 0
    mended: int = 0
    not_listed: bool = False


class StatementSteps:
    """`partners` are those that keep lists. Locations in `elsewhere` (Qimen) are not in the warehouse's lists."""

    def __init__(
        self,
        sessions: Sessions,
        partners: Mapping[str, Statements],
        plan: StatementPlan,
        elsewhere: Sequence[str] = (),
    ) -> None:
        self.sessions = sessions
        self.partners = partners
        self.plan = plan
        self.elsewhere = tuple(elsewhere)

    @activity.defn(no_thread_cancel_exception=True)
    def open_statement(self, request: StatementRequest) -> Place:
        """Choose the days to compare. Raises StatementRefused for a partner that keeps no lists."""
        self._client(request.partner)
        with self.sessions.begin() as session:
            forget_seen(session, request.partner)
            begun = session.execute(select(func.now())).scalar_one()
        start, settled = begun - timedelta(days=self.plan.days), begun - self.plan.grace
        return Place(request.partner, begun, start, settled, BOOKS[request.partner][0].name)

    @activity.defn(no_thread_cancel_exception=True)
    def read_page(self, place: Place) -> Step:
        """Compare a page of what the partner lists."""
        book = book_of(place.partner, place.book)
        try:
            page = self._client(place.partner).page(book, place.start, place.begun, place.cursor)
        except NotListed:
            return Step(self._next_book(place), not_listed=True)
        entries = {entry.subject: entry for entry in page.entries}
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, list(entries), entries)
            if book.owed:
                mark_seen(session, place.partner, place.book, list(entries))
        stage = READ if page.cursor else MISSING if book.owed else AGAIN
        return Step(replace(place, stage=stage, cursor=page.cursor), len(page.entries), found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def find_missing(self, place: Place) -> Step:
        """Ask by id for what the partner should know and did not list: it may have changed since."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            subjects, reached = self._not_listed(session, place, book)
        entries = self._client(place.partner).of(book, subjects)
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, subjects, entries)
            mark_seen(session, place.partner, place.book, subjects)
        over = reached >= place.settled
        following = replace(place, stage=AGAIN, cursor="") if over else replace(place, cursor=reached.isoformat())
        return Step(following, 0, found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def look_again(self, place: Place) -> Step:
        """Ask by id for what differed before and was not listed now: it may be older than the days compared."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            rows = open_before(
                session, place.partner, place.book, place.begun, int(place.cursor or 0), MAX_IDS_PER_CALL
            )
        # One subject may differ in two ways.
        subjects = list(dict.fromkeys(row.subject for row in rows))
        entries = self._client(place.partner).of(book, subjects)
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, subjects, entries)
        more = len(rows) == MAX_IDS_PER_CALL
        following = (
            replace(place, cursor=str(rows[-1].difference_id)) if more else replace(place, stage=MEND, cursor="")
        )
        return Step(following, 0, found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def mend_differences(self, place: Place) -> Step:
        """Mend the differences that may be mended without a person."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            after = int(place.cursor or 0)
            rows = mending.to_mend(session, place.partner, place.book, place.begun, after, MAX_IDS_PER_CALL)
        entries = self._client(place.partner).of(book, [row.subject for row in rows])
        with self.sessions.begin() as session:
            if rows:
                mending.mend(session, place.book, rows, entries)
        more = len(rows) == MAX_IDS_PER_CALL
        following = replace(place, cursor=str(rows[-1].difference_id)) if more else self._next_book(place)
        return Step(following, mended=len(rows))

    def _client(self, partner: str) -> Statements:
        if partner not in self.partners:
            raise StatementRefused("no_statements", f"{partner} lists nothing")
        return self.partners[partner]

    def _not_listed(self, session: Session, place: Place, book: Book) -> tuple[list[str], datetime]:
        """Return the next subjects to ask for, and up to when there are no others."""
        start = datetime.fromisoformat(place.cursor) if place.cursor else place.start
        while start < place.settled:
            end = min(start + SLICE, place.settled)
            found = not_listed(session, place.partner, book, start, end, MAX_IDS_PER_CALL, self.elsewhere)
            if found:
                return found, start if len(found) == MAX_IDS_PER_CALL else end
            start = end
        return [], place.settled

    def _next_book(self, place: Place) -> Place | None:
        following = book_after(place.partner, place.book)
        if following is None:
            with self.sessions.begin() as session:
                forget_seen(session, place.partner)
            return None
        return replace(place, book=following.name, stage=READ, cursor="")


def _compare(
    session: Session, place: Place, book: Book, subjects: Sequence[str], entries: Mapping[str, Entry]
) -> tuple[int, int]:
    """Store the differences of these subjects. Return how many were found, and how many are gone."""
    ours = known_of(session, place.partner, book, subjects, place.settled) if subjects else {}
    found = [
        difference
        for subject in subjects
        for difference in differences(book, ours.get(subject), entries.get(subject), place.settled)
    ]
    return len(found), keep_differences(session, place.partner, place.book, subjects, found)
