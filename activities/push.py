"""Push: send a channel the stock that has changed, one batch a call."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from temporalio import activity

from domain.errors import CallLimited, PartnerTrouble, PushRefused
from domain.stock.views import StockUpdate
from integrations.circuit import Circuits
from integrations.pushes.pusher import Pusher, PushResult
from integrations.pushes.registry import connect_pusher
from integrations.pushes.settings import PushSettings
from models.database import Sessions
from models.listing import ChannelPushRow
from record.channels.accounts import Account, find_account
from record.channels.calls import Clock
from record.channels.offers import acknowledge, fail, hold, offers_behind
from record.channels.tokens import using_token, with_fresh_token

NOT_ALLOWED = timedelta(minutes=5)
"""How long not to call a channel that refuses our account: a person must correct it."""
AFTER_TROUBLE = timedelta(seconds=30)
"""How long the relay starts no other run: the one that met trouble retries by itself."""
UNANSWERED = "the channel did not answer for it"


@dataclass(frozen=True)
class PushRequest:
    channel: str


@dataclass(frozen=True)
class PushAnswer:
    """How many listings the channel took over and how many it refused; `more` if others wait."""

    taken: int = 0
    refused: int = 0
    more: bool = False


class Push:
    def __init__(self, sessions: Sessions, circuits: Circuits, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.sessions = sessions
        self.clock = clock
        self.circuits = circuits

    @activity.defn(no_thread_cancel_exception=True)
    def push_batch(self, request: PushRequest) -> PushAnswer:
        """Push the next listings that are behind, and acknowledge those that the channel took over.

        After a crash in between they are pushed again. Raises PushRefused, PartnerTrouble, or CallLimited, which
        Temporal retries when the channel's limit allows.
        """
        account, settings = self._account(request.channel)
        with closing(connect_pusher(account.name, settings)) as pusher, using_token(self.sessions, account):
            at_once = min(pusher.at_once, settings.batch)
            with self.sessions() as session:
                offers = offers_behind(session, request.channel, at_once, self.clock())
            pushed = self._push(request.channel, pusher, offers)
        more = len(offers) == at_once
        self._write_down(request.channel, settings, offers, pushed, more)
        return PushAnswer(len(pushed.taken), len(offers) - len(pushed.taken), more)

    def _account(self, channel: str) -> tuple[Account, PushSettings]:
        account = find_account(self.sessions, channel)
        if account is None or account.push is None or not account.push.enabled:
            raise PushRefused("not_pushed")
        try:
            account = with_fresh_token(self.sessions, account, PushRefused)
        except PushRefused as refusal:
            self._note(channel, self.clock() + NOT_ALLOWED, str(refusal))
            raise
        assert account.push is not None
        return account, account.push

    def _push(self, channel: str, pusher: Pusher, offers: Sequence[StockUpdate]) -> PushResult:
        if not offers:
            return PushResult(frozenset())
        try:
            with self.circuits.of(channel).call():
                return pusher.push(offers)
        except CallLimited as limit:
            wait = timedelta(seconds=limit.retry_after)
            self._note(channel, self.clock() + wait, str(limit))
            raise
        except PushRefused as refusal:
            self._note(channel, self.clock() + NOT_ALLOWED, str(refusal))
            raise
        except PartnerTrouble as trouble:
            # They come last in the next attempt, so that a listing that breaks the call does not block others.
            with self.sessions.begin() as session:
                fail(session, channel, {offer.sku: str(trouble) for offer in offers})
            self._note(channel, self.clock() + AFTER_TROUBLE, str(trouble))
            raise

    def _write_down(
        self, channel: str, settings: PushSettings, offers: Sequence[StockUpdate], pushed: PushResult, more: bool
    ) -> None:
        now = self.clock()
        refused = {
            offer.sku: pushed.refused.get(offer.sku, UNANSWERED) for offer in offers if offer.sku not in pushed.taken
        }
        with self.sessions.begin() as session:
            hold(session, channel, [offer.sku for offer in offers])
            acknowledge(session, channel, [offer for offer in offers if offer.sku in pushed.taken])
            fail(session, channel, refused, now + settings.refused_after)
        if not more:
            self._note(channel, now + settings.every)

    def _note(self, channel: str, not_before: datetime, error: str | None = None) -> None:
        fields = {"ran_at": self.clock(), "not_before": not_before, "last_error": error}
        with self.sessions.begin() as session:
            row = insert(ChannelPushRow).values(channel=channel, **fields)
            session.execute(row.on_conflict_do_update(index_elements=["channel"], set_=fields))
