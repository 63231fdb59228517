"""Inquiries: ask a partner about work on which it is silent for too long, and send again what it does not know. Only
then a person is alerted.

A partner may accept work and forget it, for example when its machine is replaced. Silent work is found by an index and
asked about in batches; no order keeps a timer for it (docs/decisions/inquiries.md).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from sqlalchemy import Row, exists, select, text
from sqlalchemy.orm import Session
from temporalio import activity

from domain.errors import Later, NotListed, PartnerTrouble, StatementRefused
from domain.statement_books import FULFILLMENT_ORDERS, SHIPMENTS, Book
from domain.statements import Entry
from integrations.statements import MAX_IDS_PER_CALL, Statements
from models.database import Sessions
from models.order import OrderEventRow
from record.comparing.asking import forgotten, told_again_key
from record.messages.partner_events import INSERT_EVENTS, NewEvent
from record.recordset import json_array
from settings import InquiryPlan

log = structlog.get_logger()

BOOK: Mapping[str, Book] = {"wms": FULFILLMENT_ORDERS, "tms": SHIPMENTS}
"""By partner: the list in which silent work is looked up."""
ASKED = text("UPDATE fulfillment_orders SET asked_at = now() WHERE fulfillment_order_id = ANY(:asked)")


@dataclass(frozen=True)
class InquiryRequest:
    partner: str


@dataclass(frozen=True)
class InquiryAnswer:
    """How many silent subjects were asked about, and how many of them were sent again; `more` if others wait."""

    asked: int = 0
    told_again: int = 0
    more: bool = False


class Silence(Protocol):
    """Work on which one partner can be silent: rows with `subject`, `order_id` and `fulfillment_order_id`."""

    def find(self, session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
        """Return the longest silent rows: not heard of or asked about since `before`."""

    def listed_elsewhere(self, row: Row[Any]) -> bool:
        """True if the partner's list cannot have this row: its location speaks Qimen."""

    def news(self, session: Session, row: Row[Any], entry: Entry, before: datetime) -> list[NewEvent]:
        """Return as events what the partner's entry says and has not reported."""

    def tell_again(self, row: Row[Any]) -> list[NewEvent]:
        """Send the work again under the same key. Return what the partner answers as events. Raises PartnerTrouble."""


class Inquiries:
    """`lists` and `silences` are by partner: its lists, and the work on which it can be silent."""

    def __init__(
        self, sessions: Sessions, lists: Mapping[str, Statements], silences: Mapping[str, Silence], plan: InquiryPlan
    ) -> None:
        self.sessions = sessions
        self.lists = lists
        self.silences = silences
        self.plan = plan

    @activity.defn(no_thread_cancel_exception=True)
    def ask_after(self, request: InquiryRequest) -> InquiryAnswer:
        """Ask about the next batch of silent work. Safe to repeat after a crash.

        Raises PartnerTrouble if the partner does not answer: the batch is retried.
        """
        partner, silence = request.partner, self.silences[request.partner]
        before = datetime.now(UTC) - self.plan.of(partner)
        with self.sessions() as session:
            rows = silence.find(session, before, MAX_IDS_PER_CALL)
        entries = self._ask(partner, [row.subject for row in rows if not silence.listed_elsewhere(row)])
        again = sum([self._inquire(partner, row, entries, before) for row in rows])
        return InquiryAnswer(len(rows), again, more=len(rows) == MAX_IDS_PER_CALL)

    def _ask(self, partner: str, subjects: Sequence[str]) -> dict[str, Entry] | None:
        """Return the partner's entries by subject; None if it keeps no list."""
        try:
            return self.lists[partner].of(BOOK[partner], list(dict.fromkeys(subjects)))
        except (NotListed, StatementRefused):
            return None

    def _inquire(self, partner: str, row: Row[Any], entries: Mapping[str, Entry] | None, before: datetime) -> bool:
        """Record what the partner knows, or send the work again. True if it was sent again."""
        silence, unlisted = self.silences[partner], entries is None or self.silences[partner].listed_elsewhere(row)
        entry = None if unlisted or entries is None else entries.get(row.subject)
        with self.sessions.begin() as session:
            known_before = _was_told_again(session, row)
            news = silence.news(session, row, entry, before) if entry else []
            if not entry and known_before and not unlisted:
                news = [forgotten(partner, row.subject)]
            _keep(session, news)
            if entry or known_before:
                session.execute(ASKED, {"asked": [row.fulfillment_order_id]})
                return False
        try:
            news = silence.tell_again(row)
        except Later:
            # The partner takes no calls now, so the others need not be tried.
            raise
        except PartnerTrouble as trouble:
            log.warning("not_told_again", partner=partner, subject=row.subject, trouble=str(trouble))
            news = []
        with self.sessions.begin() as session:
            _keep(session, news)
            session.execute(ASKED, {"asked": [row.fulfillment_order_id]})
        return True


def _was_told_again(session: Session, row: Row[Any]) -> bool:
    fact = OrderEventRow.order_id == row.order_id, OrderEventRow.key == told_again_key(row.subject)
    return bool(session.scalar(select(exists().where(*fact))))


def _keep(session: Session, news: Sequence[NewEvent]) -> None:
    if news:
        session.execute(INSERT_EVENTS, {"rows": json_array(json.dumps(asdict(event)) for event in news)})
