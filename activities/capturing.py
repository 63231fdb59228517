"""Capture: take what the gateway has reserved, as goods leave."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.reserving import renew_before
from domain.errors import CaptureRefused
from domain.money import Money
from integrations.payments import Payments
from models.authorization import AuthorizationRow, CaptureRow
from models.database import Sessions
from record.orders import capture_plans
from record.orders.authorizations import ASKED

ALMOST_OVER = timedelta(minutes=1)


@dataclass(frozen=True)
class CaptureStep:
    """Capture for a fulfillment order; without one for what the channel shipped itself, or for the whole order.
    `round` counts the attempts after refusals, from 1."""

    order_id: str
    fulfillment_order_id: str = ""
    round: int = 1


@dataclass(frozen=True)
class CaptureAnswer:
    """Why the gateway refused, a short code; empty when everything is captured."""

    refusal: str = ""


class Captures:
    def __init__(self, sessions: Sessions, payments: Payments) -> None:
        self.sessions = sessions
        self.payments = payments

    @activity.defn(no_thread_cancel_exception=True)
    def capture_goods(self, step: CaptureStep) -> CaptureAnswer:
        """Capture the share of the goods, once: never beyond what is reserved, nor twice for the same units."""
        with self.sessions.begin() as session:
            left_behind = capture_plans.unanswered(session, step.order_id, step.fulfillment_order_id)
            session.expunge_all()
        for row in left_behind:
            # Whether it was captured must be known before anything is counted by it.
            self._ask(row)
        renew_before(self.sessions, self.payments, step.order_id, datetime.now(UTC) + ALMOST_OVER)
        with self.sessions.begin() as session:
            planned = capture_plans.plan(session, step.order_id, step.fulfillment_order_id, step.round)
            session.expunge_all()
        if planned is None:
            return CaptureAnswer()
        return CaptureAnswer(self._ask(planned) if planned.state == ASKED else planned.refusal)

    def _ask(self, row: CaptureRow) -> str:
        with self.sessions() as session:
            reserved = session.get_one(AuthorizationRow, row.order_id)
        try:
            payment = self.payments.capture(reserved.reference, Money(row.asked_minor, reserved.currency), row.key)
        except CaptureRefused as refusal:
            with self.sessions.begin() as session:
                capture_plans.refused(session, row.subject, refusal.code)
            return refusal.code
        with self.sessions.begin() as session:
            capture_plans.captured(session, row.subject, payment)
        return ""
