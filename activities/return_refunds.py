"""Pay back a return: the amount is fixed before the gateway is asked, one case of an order at a time."""

from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities.payments import RefundAnswer, refund
from activities.refund_ways import RefundWays
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.order import Order
from domain.parameters import Parameters
from domain.payment_terms import TermsKind
from domain.returns import refunds
from domain.returns.kinds import RefundTo, ReturnKind
from domain.returns.requests import RefundReturnRequest
from domain.returns.terms import RefundWhen, Terms, of_channel
from integrations.crm import Crm
from models.database import Sessions
from models.order import OrderRow
from models.returns import ReturnReasonRow, ReturnRow
from record import money
from record.order_mapping import load_order, order_of
from record.orders import asked_refunds, authorizations, invoices, invoicing
from record.orders.captures import ask_gateway
from record.parameters import ParameterCache
from record.returns import cases, points
from record.returns.points import POINTS_FEE, PointsReader
from record.returns.store_credits import give_credit

OTHER_CURRENCY = "paid_in_another_currency"
# Kinds in which a customer may return goods for a reason of her own.
WITH_FEES = (ReturnKind.RETURN_AND_REFUND, ReturnKind.STORE_RETURN)


class ReturnRefunds:
    def __init__(self, sessions: Sessions, ways: RefundWays, crm: Crm, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.ways = ways
        self.points = PointsReader(sessions, crm)
        self.parameters = parameters

    @activity.defn(no_thread_cancel_exception=True)
    def refund_return(self, request: RefundReturnRequest) -> RefundAnswer:
        """Pay back what was paid for the units less fees, or the goodwill amount: by the payment, by a
        person, or as store credit."""
        key = f"{request.return_id}:refund:{request.attempt}"
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            rules = self.parameters.at(session, row.requested_at)
            order = order_of(session, row.order_id)
        with suppress(PartnerTrouble):
            ask_gateway(self.sessions, self.ways.payments, order)
        balance = self.points.balance(row, rules)
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            order = order_of(session, row.order_id)
            if row.refund_minor is None and _paid_otherwise(session, order):
                return RefundAnswer(refusal=OTHER_CURRENCY)
            row.paid_ahead |= request.moment == RefundWhen.AT_APPROVAL and row.refund_minor is None
            due = _claim(session, row, rules, balance)
            if row.refund_to == RefundTo.STORE_CREDIT:
                return _credit(session, row, order, due, rules)
            due -= _paid_before(session, row, due.currency, but=key)
        answer = refund(self.sessions, self.ways, order, due, "return", key, request.return_id)
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            refunded, asked = money.paid_to_case(session, row.return_id), asked_refunds.for_case(session, row.return_id)
            if answer.refusal and not refunded and not asked and row.moved_at is None:
                row.value_minor = row.refund_minor = None
                row.fees, row.points_spent, row.paid_ahead = {}, 0, False
            elif not answer.refusal and row.refunded_at is None:
                # What a person is to pay back ends the case's part; it is refunded when it was paid.
                row.refund_minor, row.refunded_at = refunded + asked, None if asked else func.now()
                _credit_invoices(session, row, rules)
                _restore_import(session, row)
        return RefundAnswer(refunded, answer.refusal, asked)


def _paid_otherwise(session: Session, order: OrderRow) -> bool:
    """True if only money of other currencies was captured: a person must say how much of it the goods are worth."""
    others = [one for one in money.due_back(session, order.order_id) if one.currency != order.currency]
    return bool(others) and not money.total_captured(session, order.order_id, order.currency)


def _credit(session: Session, row: ReturnRow, order: OrderRow, due: Money, rules: Parameters) -> RefundAnswer:
    if row.refunded_at is None:
        give_credit(session, row, order, due - _paid_before(session, row, due.currency))
        row.refunded_at = func.now()
        _credit_invoices(session, row, rules)
        _restore_import(session, row)
    return RefundAnswer(due.minor_units)


def _credit_invoices(session: Session, row: ReturnRow, rules: Parameters) -> None:
    """Take the goods that were not paid yet off the invoices of an order on credit, less the fees on them, which stay
    owed; what never left is on none."""
    if row.goods in cases.NEVER_LEFT or order_of(session, row.order_id).payment_terms != TermsKind.ON_CREDIT:
        return
    invoicing.issue_all(session, row.order_id)
    order = load_order(session, row.order_id)
    units, before = cases.returned_units(session, row), cases.returned_before(session, row)
    worth = _value(session, row, order, units, before).minor_units
    fees = sum(_fees(session, row, order, refunds.tax_in(order, units, before), worth, rules).values())
    kept = sum(minor for name, minor in row.fees.items() if name != POINTS_FEE)
    unpaid, owed = worth - (row.value_minor or 0), max(0, fees - kept)
    invoices.credit_back(session, row.order_id, row.return_id, unpaid - min(unpaid, owed))


def _paid_before(session: Session, row: ReturnRow, currency: str, but: str = "") -> Money:
    """Return what payments have given back, or persons are to, by an earlier attempt than that with the key `but`, of
    which another payment refused its part."""
    asked = asked_refunds.for_case(session, row.return_id, but)
    return Money(money.paid_to_case(session, row.return_id) + asked, currency)


def _claim(session: Session, row: ReturnRow, rules: Parameters, balance: int | None) -> Money:
    """Fix the amount that the case pays back; its order is locked.

    Each case sees what the others have claimed, so that exactly one of them is the last and refunds the shipping; an
    attempt that was interrupted asks for the same amount again. `balance` is the customer's points, if they count.
    """
    order = load_order(session, row.order_id)
    if row.refund_minor is None:
        units, before = cases.returned_units(session, row), cases.returned_before(session, row)
        left = money.refundable(session, row.order_id)
        if row.goods in cases.NEVER_LEFT:
            left = authorizations.repayable(session, row.order_id, left)
        value = max(0, min(_value(session, row, order, units, before).minor_units, left.minor_units))
        fees = _fees(session, row, order, refunds.tax_in(order, units, before), value, rules)
        row.points_spent, kept = points.spent(session, row, value - sum(fees.values()), balance, rules)
        row.fees = fees | ({POINTS_FEE: kept} if kept else {})
        row.value_minor, row.refund_minor = value, value - sum(row.fees.values())
    return Money(row.refund_minor, order.currency)


def _value(
    session: Session, row: ReturnRow, order: Order, units: Mapping[int, int], before: Mapping[int, int]
) -> Money:
    if row.kind == ReturnKind.CLAIM:
        return Money(row.amount_minor or 0, order.currency)
    # After an exchange the customer still has goods, so the shipping is not refunded.
    with_shipping = not cases.any_moved(session, row.order_id)
    return refunds.value_of(order, units, before, with_shipping)


def _fees(session: Session, row: ReturnRow, order: Order, tax: Money, value: int, rules: Parameters) -> dict[str, int]:
    """Return the fees by name in minor units: import tax of goods back too late for customs, and those of the terms."""
    fees = {}
    imported = session.get_one(OrderRow, row.order_id).import_minor is not None
    if imported and row.kind != ReturnKind.CLAIM and not _in_time_for_customs(session, row, rules):
        fees["import_tax"] = min(tax.minor_units, value)
    reason = session.get(ReturnReasonRow, row.reason_code) if row.reason_code else None
    if reason and reason.fault == "customer" and row.kind in WITH_FEES and row.goods == cases.DELIVERED:
        terms = of_channel(rules.return_terms, order.channel) or Terms()
        kept = terms.fees(Money(value - sum(fees.values()), order.currency))
        if row.waybill is None:
            kept.pop("freight", None)
        fees |= kept
    return {name: fee for name, fee in fees.items() if fee > 0}


def _in_time_for_customs(session: Session, row: ReturnRow, rules: Parameters) -> bool:
    """True if the goods are back in time for the tax to be refunded, or never left us."""
    released = cases.shipped_at(session, row.order_id)
    if released is None or rules.customs_return is None:
        return True
    back = row.received_at or session.scalar(select(func.now())) or row.requested_at
    return rules.customs_return.in_time(released, row.requested_at, back)


def _restore_import(session: Session, row: ReturnRow) -> None:
    """Take goods that are back in time off their buyer's import limits."""
    if "import_tax" in row.fees or row.kind == ReturnKind.CLAIM:
        return
    order = load_order(session, row.order_id)
    units, before = cases.returned_units(session, row), cases.returned_before(session, row)
    tax = refunds.tax_in(order, units, before).minor_units
    back = max(0, (row.value_minor or 0) - tax)
    of_import = OrderRow.order_id == row.order_id, OrderRow.import_minor.is_not(None)
    left = func.greatest(0, OrderRow.import_minor - back)
    session.execute(update(OrderRow).where(*of_import).values(import_minor=left))
