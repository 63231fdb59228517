"""Open return cases from stored requests."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from domain.money import Money, NotMoney
from domain.returns.kinds import ReturnKind
from domain.returns.terms import Terms
from domain.status import ReturnStatus
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.returns import ReturnLineRow, ReturnRow
from record import journal
from record.returns import cases


def asked_of(event: PartnerEventRow) -> dict[int, int]:
    """Return the requested units by line number, also of lines that the order does not have."""
    asked = Counter[int]()
    for line in event.data.get("lines", ()):
        asked[line["line_no"]] += line["quantity"]
    return dict(asked)


def open_case(
    session: Session, order: OrderRow, name: str, asked: Mapping[int, int], event: PartnerEventRow, terms: Terms
) -> ReturnRow:
    """Write the requested case before it is judged. Money goes where the request says, or else the terms."""
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
        refund_to=data.get("refund_to") or terms.refund_to.value,
        requested_at=event.received_at,
    )
    session.add(row)
    session.flush()
    instead = {line["line_no"]: line.get("replacement_sku") or "" for line in data.get("lines", ())}
    prices = {line["line_no"]: _price(line, row.kind, order.currency) for line in data.get("lines", ())}
    skus = {line.line_no: line.sku for line in cases.ordered_lines(session, order.order_id)}
    session.add_all(
        ReturnLineRow(
            return_id=name,
            line_no=line_no,
            sku=skus[line_no],
            quantity=units,
            replacement_sku=instead[line_no],
            replacement_price_minor=prices[line_no],
        )
        for line_no, units in asked.items()
        if line_no in skus and units > 0
    )
    data = {"return_id": name, "kind": row.kind, "lines": {str(line_no): units for line_no, units in asked.items()}}
    journal.append_fact(session, order.order_id, "return.requested", f"{name}:requested", data, event.partner)
    event.applied_at = func.now()
    session.flush()
    return row


def _price(line: Mapping[str, Any], kind: str, currency: str) -> int | None:
    """Return the price of a unit that an exchange sends; None if it was not named, or not in the order's currency."""
    if kind != ReturnKind.EXCHANGE or not line.get("replacement_price"):
        return None
    try:
        return Money.parse(line["replacement_price"], currency).minor_units
    except NotMoney:
        return None


def _amount(data: Mapping[str, Any], currency: str) -> int | None:
    """Return the amount that a claim asks for; None when it is not valid in the order's currency, which the policy
    rejects."""
    if data.get("kind") != ReturnKind.CLAIM or not data.get("amount"):
        return None
    try:
        return Money.parse(data["amount"], currency).minor_units
    except NotMoney:
        return None
