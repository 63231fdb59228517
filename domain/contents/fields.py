"""The fields that the template of each customer message may use: one table. To offer one more, add it here."""

from collections.abc import Mapping
from typing import Any

from domain import milestones
from domain.contents.snapshot import Snapshot, Units
from domain.money import Money, NotMoney

PERSONAL = ("name",)
"""Fields that name a person; ignored when two texts are compared."""

GOODS = ("lines", "parcel_lines", "return_lines")
"""Fields that list goods, one a line."""

MAX_LINES_SHOWN = 50
"""A text lists this many lines, and the number of the others."""

APPROVED, REJECTED = "return_approved", "return_rejected"
LINK = "link"
"""The customer's page of the order; empty where there is none. Two texts with different links are the same."""
ALWAYS = ("name", "order", "lines", "total", LINK)
PARCEL = ("parcel_lines", "carrier", "waybill")
CASE = ("return", "return_lines")

FIELDS: Mapping[str, tuple[str, ...]] = {
    milestones.RECEIVED: ALWAYS,
    milestones.READY: (*ALWAYS, "parcel_lines", "place", "code"),
    milestones.SHIPPED: (*ALWAYS, *PARCEL),
    milestones.ATTEMPTED: (*ALWAYS, *PARCEL, "attempt"),
    milestones.DELIVERED: (*ALWAYS, "points"),
    milestones.CANCELED: ALWAYS,
    APPROVED: (*ALWAYS, *CASE),
    REJECTED: (*ALWAYS, *CASE, "refusal"),
    milestones.RETURN_LABEL: (*ALWAYS, *CASE, "carrier", "waybill"),
    milestones.CASE_RECEIVED: (*ALWAYS, *CASE),
    milestones.RETURNED: (*ALWAYS, *CASE),
    milestones.EDITED: ALWAYS,
    milestones.PAYMENT_DUE: (*ALWAYS, "amount", "payment_link"),
    milestones.REFUNDED: (*ALWAYS, *CASE, "amount"),
    milestones.CREDITED: (*ALWAYS, *CASE, "amount", "code"),
    milestones.REPLACED: (*ALWAYS, *CASE, "new_order"),
}
"""By the name of a message: the milestone, except that approved and rejected cases have texts of their own."""


AS_NOW = (milestones.EDITED, milestones.PAYMENT_DUE)
"""Messages that list what is wanted now; the others list what was ordered."""


def message_name(milestone: str, data: Mapping[str, Any]) -> str:
    if milestone != milestones.CASE_DECIDED:
        return milestone
    return REJECTED if data.get("status") == "rejected" else APPROVED


def fields_of(snapshot: Snapshot, name: str, data: Mapping[str, Any], link: str = "") -> dict[str, str]:
    """All fields of this message as text; unknown ones are empty."""
    order, parcel, case = snapshot.order, snapshot.parcel(data), snapshot.case(data)
    known = {
        "name": order.ship_to.name,
        "order": order.channel_order_id,
        "lines": _goods(
            snapshot, {line.line_no: line.wanted if name in AS_NOW else line.quantity for line in snapshot.lines}
        ),
        "total": (name in AS_NOW and data.get("total")) or _amount(order.grand_total),
        LINK: link,
        "parcel_lines": _goods(snapshot, (parcel.lines if parcel else None) or {}),
        "carrier": data.get("carrier") or (parcel.carrier if parcel else ""),
        "waybill": data.get("waybill") or (parcel.waybill if parcel else ""),
        "place": parcel.place if parcel else "",
        "code": data.get(milestones.PICKUP_CODE) or data.get("store_credit") or "",
        "attempt": data.get("attempt", ""),
        "points": data.get("points") or "",
        "return": case.return_id if case else "",
        "return_lines": _goods(snapshot, (case.asked if case else None) or {}),
        "refusal": data.get("refusal") or "",
        "amount": _paid(data),
        "payment_link": data.get("payment_link", ""),
        "new_order": data.get("follow_up", ""),
    }
    return {field: str(known[field]) for field in FIELDS[name]}


def _goods(snapshot: Snapshot, units: Units) -> str:
    named = [(units.get(line.line_no), line.title or line.sku) for line in snapshot.lines]
    goods = [f"{count} × {title}" for count, title in named if count]
    rest = [f"… + {len(goods) - MAX_LINES_SHOWN}"] if len(goods) > MAX_LINES_SHOWN else []
    return "\n".join(goods[:MAX_LINES_SHOWN] + rest)


def _paid(data: Mapping[str, Any]) -> str:
    try:
        return _amount(Money.parse(str(data["amount"]), str(data["currency"])))
    except (KeyError, NotMoney):
        return ""


def _amount(money: Money) -> str:
    return f"{money.text} {money.currency}"
