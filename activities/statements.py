"""Statements: hold what a partner lists against the record, a page at a time, and mend what is ours to mend.

read every page ─► look for what was not listed ─► look again at what differed before ─► mend ─► the next book
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
    """Where a comparison stands: in which `book`, at which `stage`, behind which `cursor` (whose meaning the stage
    knows). It compares what happened from `start` to `settled`; what came later may still be under way."""

    partner: str
    begun: datetime
    start: datetime
    settled: datetime
    book: str
    stage: str = READ
    cursor: str = ""


@dataclass(frozen=True)
class Step:
    """How many entries were listed, differences found and gone, and how many of them something was done about.
    `not_listed`: the partner keeps no such book. `following` is None once all is done."""

    following: Place | None
    listed: int = 0
    found: int = 0
    gone: int = 0
    mended: int = 0
    not_listed: bool = False


class StatementSteps:
    """`partners` are those who list what they know; work at the locations `elsewhere` is not the warehouse's."""

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
        """Which days are compared. Raises StatementRefused for a partner who lists nothing."""
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
        told = {entry.subject: entry for entry in page.entries}
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, list(told), told)
            if book.owed:
                mark_seen(session, place.partner, place.book, list(told))
        stage = READ if page.cursor else MISSING if book.owed else AGAIN
        return Step(replace(place, stage=stage, cursor=page.cursor), len(page.entries), found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def find_missing(self, place: Place) -> Step:
        """Ask by id for what the partner has heard of and did not list: it may only have changed since."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            subjects, reached = self._not_listed(session, place, book)
        told = self._client(place.partner).of(book, subjects)
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, subjects, told)
            mark_seen(session, place.partner, place.book, subjects)
        over = reached >= place.settled
        following = replace(place, stage=AGAIN, cursor="") if over else replace(place, cursor=reached.isoformat())
        return Step(following, 0, found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def look_again(self, place: Place) -> Step:
        """Ask by id for what differed before and was not found now: it may lie before the days that are compared."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            rows = open_before(
                session, place.partner, place.book, place.begun, int(place.cursor or 0), MAX_IDS_PER_CALL
            )
        # One may differ in two ways.
        subjects = list(dict.fromkeys(row.subject for row in rows))
        told = self._client(place.partner).of(book, subjects)
        with self.sessions.begin() as session:
            found, gone = _compare(session, place, book, subjects, told)
        more = len(rows) == MAX_IDS_PER_CALL
        following = (
            replace(place, cursor=str(rows[-1].difference_id)) if more else replace(place, stage=MEND, cursor="")
        )
        return Step(following, 0, found, gone)

    @activity.defn(no_thread_cancel_exception=True)
    def mend_differences(self, place: Place) -> Step:
        """Do what may be done by itself about what was found."""
        book = book_of(place.partner, place.book)
        with self.sessions() as session:
            after = int(place.cursor or 0)
            rows = mending.to_mend(session, place.partner, place.book, place.begun, after, MAX_IDS_PER_CALL)
        told = self._client(place.partner).of(book, [row.subject for row in rows])
        with self.sessions.begin() as session:
            if rows:
                mending.mend(session, place.book, rows, told)
        more = len(rows) == MAX_IDS_PER_CALL
        following = replace(place, cursor=str(rows[-1].difference_id)) if more else self._next_book(place)
        return Step(following, mended=len(rows))

    def _client(self, partner: str) -> Statements:
        if partner not in self.partners:
            raise StatementRefused("no_statements", f"{partner} lists nothing")
        return self.partners[partner]

    def _not_listed(self, session: Session, place: Place, book: Book) -> tuple[list[str], datetime]:
        """The next subjects to ask for, and up to when there are no others."""
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
    session: Session, place: Place, book: Book, subjects: Sequence[str], told: Mapping[str, Entry]
) -> tuple[int, int]:
    """How many differences these subjects have, and how many are gone."""
    ours = known_of(session, place.partner, book, subjects, place.settled) if subjects else {}
    found = [
        difference
        for subject in subjects
        for difference in differences(book, ours.get(subject), told.get(subject), place.settled)
    ]
    return len(found), keep_differences(session, place.partner, place.book, subjects, found)
