"""The facts that the return policy judges a case by."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.parameters import Parameters
from domain.returns import policy, refunds
from domain.returns.kinds import ReturnKind
from domain.returns.policy import LineFacts, ReturnFacts
from domain.status import OrderStatus
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnReasonRow, ReturnRow
from models.stock import ProductRow
from record import money
from record.order_mapping import load_order
from record.returns import cases

UNDONE = (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED)


def facts_of(
    session: Session, order: OrderRow, row: ReturnRow, asked: Mapping[int, int], rules: Parameters
) -> ReturnFacts:
    """Return the facts of a case that asks for these units by line number."""
    order_id = order.order_id
    reason = session.get(ReturnReasonRow, row.reason_code) if row.reason_code else None
    lines = cases.ordered_lines(session, order_id)
    delivered = cases.delivered_at(session, order) if order.status == OrderStatus.COMPLETED else None
    return ReturnFacts(
        kind=ReturnKind(row.kind),
        asked=asked,
        ordered=cases.returnable(lines),
        in_other_cases=cases.in_other_cases(session, order_id, but=row.return_id),
        lines=_goods(session, lines),
        order_undone=order.status in UNDONE,
        refundable=money.refundable(session, order_id),
        amount=None if row.amount_minor is None else Money(row.amount_minor, order.currency),
        delivered_at=delivered,
        requested_at=row.requested_at,
        windows=policy.windows_of(rules.return_windows, order.channel),
        fault=reason.fault if reason else "",
        needs_evidence=bool(reason and reason.needs_evidence),
        evidence=len(row.evidence),
        crossed_border=order.import_minor is not None,
    )


def value_of(session: Session, row: ReturnRow, asked: Mapping[int, int]) -> Money:
    """Return what was paid for these units by line number, after those of other cases."""
    order = load_order(session, row.order_id)
    return refunds.value_of(order, asked, cases.returned_before(session, row))


def _goods(session: Session, lines: Sequence[OrderLineRow]) -> Mapping[int, LineFacts]:
    of_these = select(ProductRow).where(ProductRow.sku.in_({line.sku for line in lines}))
    products = {product.sku: product for product in session.scalars(of_these)}
    return {
        line.line_no: LineFacts(line.sku, products[line.sku].return_exclusion, products[line.sku].goods_class)
        for line in lines
        if line.sku in products
    }
