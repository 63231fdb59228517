"""Open a return case once, judge it by the policy, and have it approved by the terms or by a person."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from domain import milestones
from domain.ids import return_id
from domain.money import Money
from domain.returns import policy
from domain.returns.kinds import KINDS, ReturnKind
from domain.returns.policy import ReturnFacts
from domain.returns.terms import Terms, of_channel
from domain.status import OrderStatus, ReturnStatus
from models.database import Sessions
from models.order import OrderRow
from models.returns import ReturnRow
from record import journal
from record.parameters import ParameterCache
from record.returns import cases
from record.returns.exchanges import difference_of, names_prices
from record.returns.facts import facts_of, value_of
from record.returns.opening import asked_of, open_case


@dataclass(frozen=True)
class CaseRequest:
    """A stored request for a return, by its partner and event."""

    channel: str
    channel_order_id: str
    case_id: str
    partner: str
    event_id: str


@dataclass(frozen=True)
class Case:
    """A case after the policy: rejected, approved, or requested, which waits for a person.

    `with_order`: the order is still under way and must be asked for the goods first. `everything`: all units that may
    come back are asked for.
    """

    return_id: str
    order_id: str
    status: str
    refusal: str
    with_order: bool
    everything: bool
    kind: str = ReturnKind.RETURN_AND_REFUND.value
    refund_when: str = "after_inspection"
    when_silent: str = "wait"


@dataclass(frozen=True)
class CaseDecision:
    """The decision of a person, or of the deadline for one; an empty `refund_to` keeps what was asked for."""

    return_id: str
    approved: bool
    actor: str
    note: str = ""
    refund_to: str = ""
    remedy: str = ""


class ReturnRequests:
    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def open_return(self, request: CaseRequest) -> Case:
        """Open the case and judge it by the policy. A repeated request finds the existing case."""
        with self.sessions.begin() as session:
            order = session.scalars(
                select(OrderRow)
                .where(OrderRow.channel == request.channel, OrderRow.channel_order_id == request.channel_order_id)
                .with_for_update()
            ).one()
            name = return_id(order.order_id, request.case_id)
            event = cases.request_event(session, request.partner, request.event_id)
            row = session.get(ReturnRow, name)
            rules = self.parameters.at(session, row.requested_at if row else event.received_at)
            terms = of_channel(rules.return_terms, order.channel) or Terms()
            if row is None:
                asked = asked_of(event)
                row = open_case(session, order, name, asked, event, terms)
                _judge(session, row, facts_of(session, order, row, asked, rules), terms)
            everything = cases.asked(session, name) == cases.returnable(cases.ordered_lines(session, order.order_id))
            of_units = KINDS[ReturnKind(row.kind)].of_units
            asks_order = order.status != OrderStatus.COMPLETED and row.goods is None and of_units
            judged = (name, order.order_id, row.status, row.refusal or "", asks_order, everything)
            # Silence approves no price that somebody named.
            when_silent = "wait" if names_prices(session, row) else terms.when_silent
            return Case(*judged, row.kind, terms.refund.value, when_silent)

    @activity.defn
    def decide_return(self, decision: CaseDecision) -> str:
        """Approve or reject a case that waits for a decision. Return its status."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, decision.return_id)
            if row.status == ReturnStatus.REQUESTED:
                row.decided_by = decision.actor
                row.refusal = None if decision.approved else decision.note
                row.refund_to = decision.refund_to or row.refund_to
                row.remedy = decision.remedy if row.kind == ReturnKind.WARRANTY else ""
                to = ReturnStatus.APPROVED if decision.approved else ReturnStatus.REJECTED
                cases.advance_return(session, row, to, decision.note, decision.actor)
                _announce(session, row)
            return row.status


def _judge(session: Session, row: ReturnRow, facts: ReturnFacts, terms: Terms) -> None:
    """Reject what the policy forbids, approve what the terms allow automatically; the rest waits for a person."""
    row.refusal = policy.refusal(facts)
    if row.refusal:
        cases.advance_return(session, row, ReturnStatus.REJECTED, row.refusal)
    elif terms.decides(facts.kind, facts.amount or value_of(session, row, facts.asked)) and _sends(session, row, terms):
        cases.advance_return(session, row, ReturnStatus.APPROVED, "")
    if row.status != ReturnStatus.REQUESTED:
        _announce(session, row)


def _sends(session: Session, row: ReturnRow, terms: Terms) -> bool:
    """True if the goods that an exchange sends may go out without a person: the limits count for their price too."""
    if not names_prices(session, row):
        return True
    currency = session.get_one(OrderRow, row.order_id).currency
    out = Money(difference_of(session, row, terms.exchange, currency).out, currency)
    return terms.decides(ReturnKind(row.kind), out) and terms.exchange.sends(out)


def _announce(session: Session, row: ReturnRow) -> None:
    data = {"return_id": row.return_id, "kind": row.kind, "status": row.status, "refusal": row.refusal or ""}
    journal.announce(session, row.order_id, milestones.CASE_DECIDED, data, subject=row.return_id)
