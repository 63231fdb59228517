"""Returns: open a case, expect the goods, write down what came and what becomes of it, pay back, close."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from temporalio import activity

from activities import case_records, journal
from activities.payments import RefundAnswer, captured, claimed, refund, refunded
from activities.pick import order_of
from activities.records import load_order
from domain import milestones, return_policy
from domain.errors import ReturnRefused
from domain.ids import return_id
from domain.money import Money
from domain.return_policy import ReturnFacts
from domain.status import OrderStatus, ReturnStatus
from integrations.http import Line
from integrations.payments import Payments
from integrations.wms import ReturnNotice, Warehouse
from models.database import Sessions
from models.order import OrderRow
from models.returns import ReturnLineRow, ReturnRow


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
    """An open or rejected case. `with_order` says that the order still has goods: it is asked first."""

    return_id: str
    order_id: str
    status: str
    refusal: str
    with_order: bool
    everything: bool


@dataclass(frozen=True)
class CaseStep:
    """`value` is what the step needs to know: where the goods are, or how the case ends."""

    return_id: str
    value: str = ""
    reason: str = ""


class Returns:
    def __init__(self, sessions: Sessions, wms: Warehouse, payments: Payments, window: timedelta) -> None:
        self.sessions = sessions
        self.wms = wms
        self.payments = payments
        self.window = window

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
            row = session.get(ReturnRow, name)
            if row is None:
                row = _open(session, order, name, request, self.window)
            lines = case_records.ordered_lines(session, order.order_id)
            everything = case_records.asked(session, name) == case_records.returnable(lines)
            with_order = order.status != OrderStatus.COMPLETED and row.goods is None
            return Case(name, order.order_id, row.status, row.refusal or "", with_order, everything)

    @activity.defn
    def record_goods(self, step: CaseStep) -> None:
        """Write where the goods were when the case began: recalled, intercepted or delivered."""
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            row.goods = row.goods or step.value

    @activity.defn(no_thread_cancel_exception=True)
    def announce_return(self, step: CaseStep) -> str:
        """Tell the warehouse what will come. Answers why it refuses (a short code), or nothing."""
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            row.location_id = row.location_id or case_records.shipped_from(session, row.order_id)
            order, location = order_of(session, row.order_id), row.location_id or ""
            units = case_records.by_sku(session, row)
        notice = ReturnNotice(
            return_id=step.return_id,
            order_id=order.order_id,
            channel_order_id=order.channel_order_id,
            location_id=location,
            lines=[Line(sku=sku, quantity=quantity) for sku, quantity in sorted(units.items())],
        )
        try:
            self.wms.announce_return(notice, key=f"{step.return_id}:announce")
        except ReturnRefused as refused:
            return refused.code
        return ""

    @activity.defn(no_thread_cancel_exception=True)
    def refund_return(self, step: CaseStep) -> RefundAnswer:
        """Pay back what the units that came (or never left) were paid for.

        `step.value` counts the tries after a refusal; a refusal moved no money, so the next try has a key of its own.
        """
        key = f"{step.return_id}:refund:{step.value}"
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            order = order_of(session, row.order_id)
            due = _claim_refund(session, row)
        answer = refund(self.sessions, self.payments, order, due, "return", key, step.return_id)
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            if answer.refusal:
                row.refund_minor = None
            else:
                row.refund_minor, row.refunded_at = answer.refunded_minor, row.refunded_at or func.now()
        return answer

    @activity.defn
    def end_return(self, step: CaseStep) -> None:
        """Close the case as settled, or end it as rejected, expired or canceled."""
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            if step.value == ReturnStatus.CLOSED != row.status:
                case_records.advance_return(session, row, ReturnStatus.SETTLED, "")
                data = {"return_id": row.return_id, "goods": row.goods}
                journal.announce(session, row.order_id, milestones.RETURNED, data, subject=row.return_id)
            if case_records.advance_return(session, row, ReturnStatus(step.value), step.reason):
                row.closed_at = func.now()

    @activity.defn
    def ask_attention(self, step: CaseStep) -> None:
        """Ask a person to look at the case; an empty reason means that it is over."""
        with self.sessions.begin() as session:
            row = case_records.lock_return(session, step.return_id)
            row.attention = step.reason or None
            data = {"return_id": row.return_id, "reason": step.reason}
            key = f"alert:{row.return_id}:{step.value}"
            name = "alert.raised" if step.reason else "alert.cleared"
            journal.happened(session, row.order_id, name, f"{key}:{name}", data)


def _claim_refund(session: Session, row: ReturnRow) -> Money:
    """Fix what the case pays back before the gateway is asked, one case of an order at a time.

    Each case sees what the others have claimed, so that exactly one of them is the last and pays the shipping too; and
    a try that was interrupted asks for the same amount again.
    """
    session.execute(select(OrderRow.order_id).where(OrderRow.order_id == row.order_id).with_for_update())
    order = load_order(session, row.order_id)
    if row.refund_minor is None:
        units = case_records.returned_units(session, row)
        due = return_policy.refund_due(order, units, case_records.returned_before(session, row))
        left = captured(session, row.order_id) - refunded(session, row.order_id) - claimed(session, row.order_id)
        row.refund_minor = max(0, min(due.minor_units, left.minor_units))
    return Money(row.refund_minor, order.currency)


def _open(session: Session, order: OrderRow, name: str, request: CaseRequest, window: timedelta) -> ReturnRow:
    event = case_records.request_event(session, request.partner, request.event_id)
    asked: Mapping[int, int] = {}
    for line in event.data["lines"]:
        asked = {**asked, line["line_no"]: asked.get(line["line_no"], 0) + line["quantity"]}
    lines = case_records.ordered_lines(session, order.order_id)
    facts = ReturnFacts(
        asked=asked,
        ordered=case_records.returnable(lines),
        in_other_cases=case_records.in_other_cases(session, order.order_id),
        order_undone=order.status in (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED),
        paid=captured(session, order.order_id).minor_units > 0,
        delivered_at=case_records.delivered_at(session, order) if order.status == OrderStatus.COMPLETED else None,
        requested_at=event.received_at,
        window=window,
    )
    refusal = return_policy.refusal(facts)
    row = ReturnRow(return_id=name, order_id=order.order_id, case_id=request.case_id, reason=event.data["reason"])
    row.status, row.refusal = ReturnStatus.REQUESTED, refusal
    session.add(row)
    session.flush()
    skus = {line.line_no: line.sku for line in lines}
    session.add_all(
        ReturnLineRow(return_id=name, line_no=line_no, sku=skus[line_no], quantity=units)
        for line_no, units in asked.items()
        if line_no in skus and units > 0
    )
    data = {"return_id": name, "lines": {str(line_no): units for line_no, units in asked.items()}}
    journal.happened(session, order.order_id, "return.requested", f"{name}:requested", data, request.partner)
    case_records.advance_return(
        session, row, ReturnStatus.REJECTED if refusal else ReturnStatus.APPROVED, refusal or ""
    )
    event.applied_at = func.now()
    return row
