"""Reads return cases with their lines and returned goods."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.errors import NOT_FOUND, Problem
from api.masking import visible_text
from api.orders.at_risk import at_location
from api.returns.schemas import ReturnAnswer, ReturnedGoodsAnswer, ReturnLineAnswer
from domain import ids
from domain.money import Money
from domain.returns.kinds import RefundTo, ReturnKind
from domain.status import RETURN, ReturnStatus, is_final
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.payment import PaymentLinkRow
from models.returns import ReturnedGoodsRow, ReturnLineRow, ReturnRow
from record.orders.payment_links import OPEN


def return_answers(
    session: Session, caller: Caller, *which: ColumnElement[bool], limit: int | None = None
) -> list[ReturnAnswer]:
    """Return matching cases with their lines, newest order first."""
    cases = select(ReturnRow, OrderRow.currency).join(OrderRow, OrderRow.order_id == ReturnRow.order_id).where(*which)
    rows = session.execute(cases.order_by(ReturnRow.return_id.desc()).limit(limit)).all()
    lines: dict[str, list[ReturnLineAnswer]] = {case.return_id: [] for case, _ in rows}
    goods: dict[str, list[ReturnedGoodsAnswer]] = {name: [] for name in lines}
    of_these = select(ReturnLineRow).where(ReturnLineRow.return_id.in_(lines))
    currencies = {case.return_id: currency for case, currency in rows}
    for line in session.scalars(of_these.order_by(ReturnLineRow.line_no)):
        price = text_of(line.replacement_price_minor, currencies[line.return_id])
        answer = ReturnLineAnswer.model_validate(line).model_copy(update={"replacement_price": price})
        lines[line.return_id].append(answer)
    came = select(ReturnedGoodsRow).where(ReturnedGoodsRow.return_id.in_(lines))
    for one in session.scalars(came.order_by(ReturnedGoodsRow.sku, ReturnedGoodsRow.disposition)):
        photos = [visible_text(caller, reference) for reference in one.photos]
        goods[one.return_id].append(ReturnedGoodsAnswer.model_validate({**vars(one), "photos": photos}))
    links = _links(session, [case.follow_up_id for case, _ in rows if case.out_minor is not None])
    return [
        _answer(
            case, caller, currency, lines[case.return_id], goods[case.return_id], links.get(case.follow_up_id or "")
        )
        for case, currency in rows
    ]


def _links(session: Session, orders: Sequence[str | None]) -> dict[str, str]:
    """Return the payment links that are open, by follow-up order."""
    if not orders:
        return {}
    open_links = select(PaymentLinkRow.order_id, PaymentLinkRow.url).where(
        PaymentLinkRow.order_id.in_(orders), PaymentLinkRow.state == OPEN
    )
    return {row.order_id: row.url for row in session.execute(open_links) if row.url}


def text_of(minor: int | None, currency: str) -> str | None:
    return None if minor is None else Money(minor, currency).text


def visible_to(caller: Caller) -> list[ColumnElement[bool]]:
    """Match the cases that the caller may see: a store sees those that come to it, and those of orders that it worked
    on."""
    conditions = [OrderRow.channel == caller.channel] if caller.channel is not None else []
    if caller.location is not None:
        here = ReturnRow.location_id == caller.location
        conditions.append(here | of_location(caller.location))
    return conditions


def of_location(location: str) -> ColumnElement[bool]:
    """Match orders that the location worked on, or that are fetched there."""
    return at_location(location) | (OrderRow.pickup_location == location)


def find_return(session: Session, return_id: str, caller: Caller) -> tuple[ReturnRow, OrderRow]:
    """Return a started case and its order. A 404 if there is none or the caller may not see it."""
    both = select(ReturnRow, OrderRow).join(OrderRow, OrderRow.order_id == ReturnRow.order_id)
    found = session.execute(both.where(ReturnRow.return_id == return_id, *visible_to(caller))).one_or_none()
    if found is None:
        raise Problem(NOT_FOUND, "there is no such return, or it has not begun yet")
    return found[0], found[1]


def waiting_return(session: Session, return_id: str, caller: Caller) -> ReturnAnswer | None:
    """Return a case that was requested through the API and has not started yet, so that its link works at once."""
    order_id, _, case_id = return_id.partition("-R-")
    theirs = [] if caller.location is None else [of_location(caller.location)]
    order = session.scalar(select(OrderRow).where(OrderRow.order_id == order_id, *theirs))
    asked = session.get(PartnerEventRow, ("api", f"{order_id}:{case_id}"))
    if order is None or asked is None or not caller.sees(order.channel):
        return None
    skus = select(OrderLineRow.line_no, OrderLineRow.sku).where(OrderLineRow.order_id == order_id)
    sku_of = {row.line_no: row.sku for row in session.execute(skus)}
    case = ReturnRow(
        return_id=ids.return_id(order_id, case_id),
        order_id=order_id,
        case_id=case_id,
        kind=asked.data.get("kind", ReturnKind.RETURN_AND_REFUND.value),
        status=ReturnStatus.REQUESTED,
        reason=asked.data["reason"],
        reason_code=asked.data.get("reason_code", ""),
        evidence=list(asked.data.get("evidence", ())),
        fees={},
        refund_to=asked.data.get("refund_to", RefundTo.ORIGINAL.value),
        remedy="",
        tags=[],
        requested_at=asked.received_at,
    )
    lines = [ReturnLineAnswer(**line, sku=sku_of[line["line_no"]]) for line in asked.data.get("lines", ())]
    return _answer(case, caller, order.currency, lines, [])


def return_summary(statuses: Iterable[str]) -> ReturnStatus | None:
    """Return the return status of an order, that of its cases together: of open cases the slowest; once all are over,
    `closed` if any case was, else the first of rejected, canceled and expired that one of them is. None without
    cases."""
    known = {ReturnStatus(status) for status in statuses}
    still_open = {status for status in known if not is_final(RETURN, status)}
    return min(still_open or known, key=list(ReturnStatus).index, default=None)


def _answer(
    case: ReturnRow,
    caller: Caller,
    currency: str,
    lines: list[ReturnLineAnswer],
    goods: list[ReturnedGoodsAnswer],
    link: str | None = None,
) -> ReturnAnswer:
    def money(minor: int | None) -> str | None:
        return text_of(minor, currency)

    return ReturnAnswer(
        return_id=case.return_id,
        order_id=case.order_id,
        case_id=case.case_id,
        kind=case.kind,
        status=case.status,
        reason=visible_text(caller, case.reason),
        reason_code=case.reason_code,
        evidence=[visible_text(caller, reference) for reference in case.evidence],
        refusal=case.refusal,
        decided_by=case.decided_by,
        location_id=case.location_id,
        goods=case.goods,
        amount=money(case.amount_minor),
        value=money(case.value_minor),
        fees={name: Money(fee, currency).text for name, fee in case.fees.items()},
        refund=money(case.refund_minor),
        refund_to=case.refund_to,
        remedy=case.remedy,
        moved=money(case.moved_minor),
        sent=money(case.out_minor),
        given=money(case.given_minor or None),
        payment_link=link,
        currency=currency,
        follow_up_id=case.follow_up_id,
        carrier=case.carrier,
        waybill=case.waybill,
        tracking=case.tracking,
        attention=case.attention,
        tags=case.tags,
        assignee=case.assignee,
        lines=lines,
        returned=goods,
        requested_at=case.requested_at,
        received_at=case.received_at,
        inspected_at=case.inspected_at,
        refunded_at=case.refunded_at,
        closed_at=case.closed_at,
    )
