"""Inquiries: who has been silent about something for too long is asked what he knows of it, and told again what he does
not know; only then a person is called.

A partner may accept work and forget it, as when its machine is replaced. What is silent is found by a look at an index
and asked for many at a time, and no order keeps a timer for it (docs/decisions/inquiries.md).
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
"""By partner who is asked after silence: which of its lists."""
ASKED = text("UPDATE fulfillment_orders SET asked_at = now() WHERE fulfillment_order_id = ANY(:asked)")


@dataclass(frozen=True)
class InquiryRequest:
    partner: str


@dataclass(frozen=True)
class InquiryAnswer:
    """How many silent subjects were asked for, and how many of them the partner was told again. `more`: others wait."""

    asked: int = 0
    told_again: int = 0
    more: bool = False


class Silence(Protocol):
    """What one partner can be silent about. Subjects are rows with `subject`, `order_id` and `fulfillment_order_id`."""

    def find(self, session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
        """The longest silent, of which nobody has heard or asked since then."""

    def listed_elsewhere(self, row: Row[Any]) -> bool:
        """Whether the partner that lists its books does not know of this one."""

    def news(self, session: Session, row: Row[Any], entry: Entry, before: datetime) -> list[NewEvent]:
        """What the partner's word of now says that we have not heard."""

    def tell_again(self, row: Row[Any]) -> list[NewEvent]:
        """As if for the first time, under the same key. Raises PartnerTrouble."""


class Inquiries:
    """`lists` has the lists of each partner, and `silences` what each may be silent about."""

    def __init__(
        self, sessions: Sessions, lists: Mapping[str, Statements], silences: Mapping[str, Silence], plan: InquiryPlan
    ) -> None:
        self.sessions = sessions
        self.lists = lists
        self.silences = silences
        self.plan = plan

    @activity.defn(no_thread_cancel_exception=True)
    def ask_after(self, request: InquiryRequest) -> InquiryAnswer:
        """See to the next batch of what the partner is silent about. Who dies within it asks again.

        Raises PartnerTrouble when the partner answers nothing: the batch is asked for again.
        """
        partner, silence = request.partner, self.silences[request.partner]
        before = datetime.now(UTC) - self.plan.of(partner)
        with self.sessions() as session:
            rows = silence.find(session, before, MAX_IDS_PER_CALL)
        told = self._ask(partner, [row.subject for row in rows if not silence.listed_elsewhere(row)])
        again = sum([self._see_to(partner, row, told, before) for row in rows])
        return InquiryAnswer(len(rows), again, more=len(rows) == MAX_IDS_PER_CALL)

    def _ask(self, partner: str, subjects: Sequence[str]) -> dict[str, Entry] | None:
        """What the partner says of them; None where it lists nothing."""
        try:
            return self.lists[partner].of(BOOK[partner], list(dict.fromkeys(subjects)))
        except (NotListed, StatementRefused):
            return None

    def _see_to(self, partner: str, row: Row[Any], told: Mapping[str, Entry] | None, before: datetime) -> bool:
        """Whether the partner was told again."""
        silence, unlisted = self.silences[partner], told is None or self.silences[partner].listed_elsewhere(row)
        entry = None if unlisted or told is None else told.get(row.subject)
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
            # It is not to be called at all now, so that the others need not be tried.
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
