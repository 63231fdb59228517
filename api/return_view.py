"""Reading return cases with their lines."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.return_schemas import ReturnAnswer, ReturnLineAnswer
from domain import ids
from domain.money import Money
from domain.status import RETURN, ReturnStatus, is_final
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnLineRow, ReturnRow


def return_answers(session: Session, *which: ColumnElement[bool], limit: int | None = None) -> list[ReturnAnswer]:
    """The cases that fit, newest order first, each with its lines."""
    cases = select(ReturnRow, OrderRow.currency).join(OrderRow, OrderRow.order_id == ReturnRow.order_id).where(*which)
    rows = session.execute(cases.order_by(ReturnRow.return_id.desc()).limit(limit)).all()
    lines: dict[str, list[ReturnLineAnswer]] = {case.return_id: [] for case, _ in rows}
    of_these = select(ReturnLineRow).where(ReturnLineRow.return_id.in_(lines))
    for line in session.scalars(of_these.order_by(ReturnLineRow.line_no)):
        lines[line.return_id].append(ReturnLineAnswer.model_validate(line))
    return [_answer(case, currency, lines[case.return_id]) for case, currency in rows]


def waiting_return(session: Session, return_id: str, caller: Caller) -> ReturnAnswer | None:
    """A case that was asked for through the API and has not begun yet, so that its link works from the first moment."""
    order_id, _, case_id = return_id.partition("-R-")
    order = session.get(OrderRow, order_id)
    asked = session.get(PartnerEventRow, ("api", f"{order_id}:{case_id}"))
    if order is None or asked is None or not caller.sees(order.channel):
        return None
    skus = select(OrderLineRow.line_no, OrderLineRow.sku).where(OrderLineRow.order_id == order_id)
    sku_of = {row.line_no: row.sku for row in session.execute(skus)}
    case = ReturnRow(
        return_id=ids.return_id(order_id, case_id),
        order_id=order_id,
        case_id=case_id,
        status=ReturnStatus.REQUESTED,
        reason=asked.data["reason"],
        requested_at=asked.received_at,
    )
    return _answer(
        case, order.currency, [ReturnLineAnswer(**line, sku=sku_of[line["line_no"]]) for line in asked.data["lines"]]
    )


def open_first(returns: Sequence[ReturnAnswer]) -> str | None:
    """The return axis of an order: the case that is still open, else the one that was asked for last, if any."""
    by_time = sorted(returns, key=lambda case: case.requested_at, reverse=True)
    still_open = [case for case in by_time if not is_final(RETURN, ReturnStatus(case.status))]
    newest = next(iter(still_open or by_time), None)
    return newest.status if newest else None


def _answer(case: ReturnRow, currency: str, lines: list[ReturnLineAnswer]) -> ReturnAnswer:
    return ReturnAnswer(
        return_id=case.return_id,
        order_id=case.order_id,
        case_id=case.case_id,
        status=case.status,
        reason=case.reason,
        refusal=case.refusal,
        location_id=case.location_id,
        goods=case.goods,
        refund=None if case.refund_minor is None else Money(case.refund_minor, currency).text,
        currency=currency,
        attention=case.attention,
        lines=lines,
        requested_at=case.requested_at,
        received_at=case.received_at,
        inspected_at=case.inspected_at,
        refunded_at=case.refunded_at,
        closed_at=case.closed_at,
    )
