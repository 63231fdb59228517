"""Return cases begin: opened once by what was asked, judged by the policy, approved by the terms or by a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from temporalio import activity

from activities import case_records, journal
from activities.parameters import ParameterBook
from activities.payments import captured, claimed, refunded
from activities.records import load_order
from domain import milestones, return_money, return_policy
from domain.ids import return_id
from domain.money import Money, NotMoney
from domain.parameters import Parameters
from domain.return_kinds import KINDS, ReturnKind
from domain.return_policy import LineFacts, ReturnFacts
from domain.return_terms import Terms, of_channel
from domain.status import OrderStatus, ReturnStatus
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnLineRow, ReturnReasonRow, ReturnRow
from models.stock import ProductRow

UNDONE = (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED)


@dataclass(frozen=True)
class CaseRequest:
    """A stored request for a return, by the partner and event that brought it."""

    channel: str
    channel_order_id: str
    case_id: str
    partner: str
    event_id: str


@dataclass(frozen=True)
class Case:
    """A case that was judged: rejected, approved, or requested, which a person decides about.

    `with_order` says that the order still has goods: it is asked first.
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
    """What a person, or the end of the time for one, decides about a case."""

    return_id: str
    approved: bool
    actor: str
    note: str = ""


class ReturnRequests:
    def __init__(self, sessions: Sessions, parameters: ParameterBook) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def open_return(self, request: CaseRequest) -> Case:
        """Open the case, judged by the policy; a repeated request finds the case that is there."""
        with self.sessions.begin() as session:
            order = session.scalars(
                select(OrderRow)
                .where(OrderRow.channel == request.channel, OrderRow.channel_order_id == request.channel_order_id)
                .with_for_update()
            ).one()
            name = return_id(order.order_id, request.case_id)
            event = case_records.request_event(session, request.partner, request.event_id)
            row = session.get(ReturnRow, name)
            rules = self.parameters.at(session, row.requested_at if row else event.received_at)
            terms = of_channel(rules.return_terms, order.channel) or Terms()
            if row is None:
                asked = _asked(event)
                row = _open(session, order, name, asked, event)
                _judge(session, row, _facts(session, order, row, asked, rules), terms)
            everything = case_records.asked(session, name) == case_records.returnable(
                case_records.ordered_lines(session, order.order_id)
            )
            asks_order = order.status != OrderStatus.COMPLETED and row.goods is None and KINDS[_kind(row)].of_units
            judged = (name, order.order_id, row.status, row.refusal or "", asks_order, everything)
            return Case(*judged, row.kind, terms.refund.value, terms.when_silent)

    @activity.defn
    def decide_return(self, decision: CaseDecision) -> str:
        """Approve or reject a case that waits for it, and answer its status."""
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, decision.return_id)
            if row.status == ReturnStatus.REQUESTED:
                row.decided_by = decision.actor
                row.refusal = None if decision.approved else decision.note
                to = ReturnStatus.APPROVED if decision.approved else ReturnStatus.REJECTED
                case_records.advance_return(session, row, to, decision.note, decision.actor)
                _tell(session, row)
            return row.status


def _kind(row: ReturnRow) -> ReturnKind:
    return ReturnKind(row.kind)


def _asked(event: PartnerEventRow) -> dict[int, int]:
    """Units by line number, also of lines that the order does not have."""
    asked = Counter[int]()
    for line in event.data.get("lines", ()):
        asked[line["line_no"]] += line["quantity"]
    return dict(asked)


def _open(session: Session, order: OrderRow, name: str, asked: Mapping[int, int], event: PartnerEventRow) -> ReturnRow:
    """Write down what is asked, before anybody judges it."""
    data = event.data
    row = ReturnRow(
        return_id=name,
        order_id=order.order_id,
        case_id=data["case_id"],
        kind=data.get("kind", ReturnKind.RETURN_AND_REFUND.value),
        status=ReturnStatus.REQUESTED.value,
        reason=data["reason"],
        reason_code=data.get("reason_code", ""),
        evidence=list(data.get("evidence", ())),
        amount_minor=_amount(data, order.currency),
        requested_at=event.received_at,
    )
    session.add(row)
    session.flush()
    instead = {line["line_no"]: line.get("replacement_sku") or "" for line in data.get("lines", ())}
    skus = {line.line_no: line.sku for line in case_records.ordered_lines(session, order.order_id)}
    session.add_all(
        ReturnLineRow(
            return_id=name, line_no=line_no, sku=skus[line_no], quantity=units, replacement_sku=instead[line_no]
        )
        for line_no, units in asked.items()
        if line_no in skus and units > 0
    )
    told = {"return_id": name, "kind": row.kind, "lines": {str(line_no): units for line_no, units in asked.items()}}
    journal.happened(session, order.order_id, "return.requested", f"{name}:requested", told, event.partner)
    event.applied_at = func.now()
    session.flush()
    return row


def _amount(data: Mapping[str, Any], currency: str) -> int | None:
    """What a claim asks for; None when that is no amount of the order's currency, so that the policy says so."""
    if data.get("kind") != ReturnKind.CLAIM or not data.get("amount"):
        return None
    try:
        return Money.parse(data["amount"], currency).minor_units
    except NotMoney:
        return None


def _judge(session: Session, row: ReturnRow, facts: ReturnFacts, terms: Terms) -> None:
    """Reject what the policy does not allow, approve what the terms leave to nobody; the rest waits for a person."""
    row.refusal = return_policy.refusal(facts)
    if row.refusal:
        case_records.advance_return(session, row, ReturnStatus.REJECTED, row.refusal)
    elif terms.decides(facts.kind, facts.amount or _value(session, row, facts.asked)):
        case_records.advance_return(session, row, ReturnStatus.APPROVED, "")
    if row.status != ReturnStatus.REQUESTED:
        _tell(session, row)


def _tell(session: Session, row: ReturnRow) -> None:
    data = {"return_id": row.return_id, "kind": row.kind, "status": row.status, "refusal": row.refusal or ""}
    journal.announce(session, row.order_id, milestones.CASE_DECIDED, data, subject=row.return_id)


def _facts(
    session: Session, order: OrderRow, row: ReturnRow, asked: Mapping[int, int], rules: Parameters
) -> ReturnFacts:
    order_id = order.order_id
    reason = session.get(ReturnReasonRow, row.reason_code) if row.reason_code else None
    lines = case_records.ordered_lines(session, order_id)
    delivered = case_records.delivered_at(session, order) if order.status == OrderStatus.COMPLETED else None
    return ReturnFacts(
        kind=_kind(row),
        asked=asked,
        ordered=case_records.returnable(lines),
        in_other_cases=case_records.in_other_cases(session, order_id, but=row.return_id),
        lines=_goods(session, lines),
        order_undone=order.status in UNDONE,
        left=captured(session, order_id) - refunded(session, order_id) - claimed(session, order_id),
        amount=None if row.amount_minor is None else Money(row.amount_minor, order.currency),
        delivered_at=delivered,
        requested_at=row.requested_at,
        windows=return_policy.windows_of(rules.return_windows, order.channel),
        fault=reason.fault if reason else "",
        needs_evidence=bool(reason and reason.needs_evidence),
        evidence=len(row.evidence),
        crossed_border=order.import_minor is not None,
    )


def _goods(session: Session, lines: Sequence[OrderLineRow]) -> Mapping[int, LineFacts]:
    of_these = select(ProductRow).where(ProductRow.sku.in_({line.sku for line in lines}))
    products = {product.sku: product for product in session.scalars(of_these)}
    return {
        line.line_no: LineFacts(line.sku, products[line.sku].return_exclusion, products[line.sku].goods_class)
        for line in lines
        if line.sku in products
    }


def _value(session: Session, row: ReturnRow, asked: Mapping[int, int]) -> Money:
    order = load_order(session, row.order_id)
    return return_money.value_of(order, asked, case_records.returned_before(session, row))
