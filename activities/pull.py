"""Pull: fetch a channel's modified orders, a page at a time, and those that thin events name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from activities.page_taking import take_page
from domain.pulling import Pace, Window, closed, next_cursor, next_window
from integrations.circuit import Circuits
from integrations.pulls.puller import Page, PageGone, Puller
from integrations.pulls.settings import PullSettings
from models.database import Sessions
from models.pull import ChannelPullRow
from record.channels.calls import Clock, calling
from record.channels.intakes import Intake
from record.channels.reading import REJECTED
from record.channels.thin_events import fetch_wanted, waiting_intakes

THIN_AT_ONCE = 20


@dataclass(frozen=True)
class PullRequest:
    channel: str


@dataclass(frozen=True)
class PullAnswer:
    """How many orders a page listed, how many of them were new, and how many could not be read (`rejected`).

    `more`: another page or window follows, after `rest` seconds. All changes before `pulled_to` are known."""

    listed: int = 0
    new: int = 0
    rejected: int = 0
    more: bool = False
    rest: float = 0.0
    pulled_to: datetime | None = None


@dataclass(frozen=True)
class FetchAnswer:
    fetched: int
    more: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The page to read next. `more`: another window must follow this one to reach the present."""

    window: Window
    page: str
    more: bool
    past_before: datetime | None = None
    """Orders that were over then are past ones; None unless the account says since when it wants them."""


class Pull:
    def __init__(self, sessions: Sessions, circuits: Circuits, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.sessions = sessions
        self.clock = clock
        self.circuits = circuits

    @activity.defn(no_thread_cancel_exception=True)
    def pull_page(self, request: PullRequest) -> PullAnswer:
        """Take in the next page. The place moves on only when all of the page is stored: after a crash it is read
        again, and known orders are skipped."""
        with calling(self.sessions, request.channel, self.clock, self.circuits) as (account, pull, puller):
            place = self._place(request.channel, pull, puller)
            try:
                page = puller.page(place.window, place.page, whole=True)
            except PageGone:
                self._begin_again(request.channel)
                return PullAnswer(more=True)
            taken = take_page(self.sessions, account, puller, page.orders, place.past_before)
        return self._go_on(request.channel, pull, place, page, taken)

    @activity.defn(no_thread_cancel_exception=True)
    def fetch_waiting(self, request: PullRequest) -> FetchAnswer:
        """Fetch the orders that thin events name. One that cannot be fetched keeps waiting and blocks no other."""
        with self.sessions() as session:
            waiting = waiting_intakes(session, request.channel, THIN_AT_ONCE)
        fetched = 0
        if waiting:
            with calling(self.sessions, request.channel, self.clock, self.circuits) as (account, _, puller):
                fetched = sum([fetch_wanted(self.sessions, account, puller, intake) for intake in waiting])
        return FetchAnswer(fetched, more=fetched == THIN_AT_ONCE)

    def _place(self, channel: str, pull: PullSettings, puller: Puller) -> Place:
        now = self.clock()
        first = max(now - pull.since, pull.first) if pull.since else pull.first
        pace = Pace(pull.overlap, pull.skew, puller.longest, first)
        with self.sessions.begin() as session:
            row = session.get_one(ChannelPullRow, channel, with_for_update=True)
            if row.pulled_to is None and row.begun_at is None:
                row.begun_at = now
            window, more = next_window(row.pulled_to, now, pace)
            if row.window_start is not None and row.window_end is not None:
                window = Window(row.window_start, row.window_end)
                more = window.end < now - pull.skew - pull.every
            row.window_start, row.window_end = window.start, window.end
            return Place(window, row.page, more, row.begun_at if pull.since else None)

    def _begin_again(self, channel: str) -> None:
        with self.sessions.begin() as session:
            session.get_one(ChannelPullRow, channel, with_for_update=True).page = ""

    def _go_on(self, channel: str, pull: PullSettings, place: Place, page: Page, taken: Sequence[Intake]) -> PullAnswer:
        window = place.window if place.page else closed(place.window, page.at, pull.skew)
        with self.sessions.begin() as session:
            row = session.get_one(ChannelPullRow, channel, with_for_update=True)
            # An earlier attempt that timed out may have moved the place meanwhile.
            if (row.window_start, row.page) == (place.window.start, place.page):
                row.orders_seen += len(page.orders)
                row.ran_at, row.last_error, row.not_before = self.clock(), None, None
                row.window_end, row.page = window.end, page.next_page
                if not page.next_page:
                    row.pulled_to = next_cursor(row.pulled_to, window)
                    row.window_start = row.window_end = None
            return PullAnswer(
                listed=len(page.orders),
                new=sum(intake.new for intake in taken),
                rejected=sum(intake.status == REJECTED for intake in taken),
                more=bool(page.next_page) or place.more,
                rest=page.rest,
                pulled_to=row.pulled_to,
            )
