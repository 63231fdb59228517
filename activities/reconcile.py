"""Reconcile: compare a channel's orders of the last days with the record, and fetch what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from temporalio import activity

from activities.pull import FetchAnswer, PullRequest
from domain.errors import CallLimited, PartnerTrouble
from domain.pulling import Window
from integrations.circuit import Circuits
from integrations.pulls.puller import ListedOrder, PageGone
from models.database import Sessions
from models.pull import ChannelPullRow, MissingOrderRow
from record.channels.calls import Clock, calling, pulled_account
from record.channels.fetched import Fetched, take_either, versions_of
from record.channels.intakes import Intake
from record.channels.missing import GONE, NOTHING_YET, PULLED, REFUSED, note_found, note_missing
from record.channels.reading import REJECTED, version_at

AT_ONCE = 20


@dataclass(frozen=True)
class Span:
    """What is still to be compared: orders modified from `start` to `end`, from `page` on."""

    channel: str
    start: datetime
    end: datetime
    page: str = ""


@dataclass(frozen=True)
class Compared:
    """How many orders the page listed, and how many of them were missing or out of date here; `rest` in seconds."""

    following: Span
    more: bool
    listed: int = 0
    missing: int = 0
    rest: float = 0.0


class Reconcile:
    def __init__(self, sessions: Sessions, circuits: Circuits, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.sessions = sessions
        self.clock = clock
        self.circuits = circuits

    @activity.defn(no_thread_cancel_exception=True)
    def open_comparison(self, request: PullRequest) -> Span:
        """Return the last days up to where the pull has come: later orders are not missing yet."""
        _, pull = pulled_account(self.sessions, request.channel)
        with self.sessions() as session:
            row = session.get(ChannelPullRow, request.channel)
        end = (row and row.pulled_to) or self.clock() - pull.skew
        return Span(request.channel, end - timedelta(days=pull.reconcile_days), end)

    @activity.defn(no_thread_cancel_exception=True)
    def compare_page(self, span: Span) -> Compared:
        """List ids and times only, and record which orders are missing."""
        with calling(self.sessions, span.channel, self.clock, self.circuits) as (_, _, puller):
            window = Window(span.start, min(span.end, span.start + puller.longest))
            try:
                page = puller.page(window, span.page, whole=False)
            except PageGone:
                return Compared(Span(span.channel, span.start, span.end), more=True)
        with self.sessions.begin() as session:
            missing = _compare(session, span.channel, page.orders)
        following = Span(span.channel, window.start if page.next_page else window.end, span.end, page.next_page)
        more = bool(page.next_page) or window.end < span.end
        return Compared(following, more, len(page.orders), missing, page.rest)

    @activity.defn(no_thread_cancel_exception=True)
    def fetch_missing(self, request: PullRequest) -> FetchAnswer:
        """Fetch missing orders, and record what became of each. One that the platform cannot return waits for the next
        night and does not block the others."""
        wanted = select(MissingOrderRow.channel_order_id).where(
            MissingOrderRow.channel == request.channel,
            MissingOrderRow.outcome == NOTHING_YET,
            MissingOrderRow.detail.is_(None),
        )
        with self.sessions() as session:
            ids = session.scalars(wanted.order_by(MissingOrderRow.channel_order_id).limit(AT_ONCE)).all()
        if ids:
            with calling(self.sessions, request.channel, self.clock, self.circuits) as (account, _, puller):
                for order_id in ids:
                    try:
                        raw = puller.order(order_id)
                    except CallLimited:
                        raise
                    except PartnerTrouble as error:
                        self._postpone(request.channel, order_id, str(error))
                        continue
                    intake = take_either(self.sessions, account, Fetched(raw)) if raw is not None else None
                    self._settle(request.channel, order_id, intake, gone=raw is None)
        return FetchAnswer(len(ids), more=len(ids) == AT_ONCE)

    def _postpone(self, channel: str, order_id: str, why: str) -> None:
        with self.sessions.begin() as session:
            session.get_one(MissingOrderRow, (channel, order_id), with_for_update=True).detail = why

    def _settle(self, channel: str, order_id: str, intake: Intake | None, *, gone: bool) -> None:
        with self.sessions.begin() as session:
            row = session.get_one(MissingOrderRow, (channel, order_id), with_for_update=True)
            row.settled_at = func.now()
            row.intake_id = intake.intake_id if intake else None
            if gone:
                row.outcome = GONE
            elif intake and intake.status == REJECTED:
                row.outcome, row.detail = REFUSED, f"{intake.field}: {intake.reason}"
            else:
                row.outcome = PULLED


def _compare(session: Session, channel: str, listed: Sequence[ListedOrder]) -> int:
    there = {one.order_id: one.modified_at for one in listed if one.order_id and one.modified_at}
    ours = versions_of(session, channel, there)
    known = [name for name, modified_at in there.items() if ours.get(name, "") >= version_at(modified_at)]
    missing = {name: modified_at for name, modified_at in there.items() if name not in set(known)}
    note_found(session, channel, known)
    note_missing(session, channel, missing, ours)
    return len(missing)
