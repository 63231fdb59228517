"""Translate a warehouse's Qimen calls into the events of docs/partners.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrations.qimen_form import NotQimen, is_signed, need_text, read_xml, text_at, to_xml
from models.database import Sessions
from models.messaging import PartnerEventRow
from record.messages.partner_events import NewEvent
from settings import Qimen

PARTNER = "qimen"
PART = "fulfillment_order.part_packed"
"""A partial confirmation, which counts together with the last one."""
INTERMEDIATE = "1"
STATES = {
    "ACCEPT": "fulfillment_order.accepted",
    "PRINT": "fulfillment_order.picking",
    "PICK": "fulfillment_order.picking",
    **dict.fromkeys(("REJECT", "CANCELED", "CLOSED"), "fulfillment_order.rejected"),
    "EXCEPTION": "fulfillment_order.exception",
}
SENT = ("DELIVERED", "PARTDELIVERED")
DISPOSITIONS = {"ZP": "restock", "CC": "quarantine", "JS": "scrap", "XS": "scrap"}
"""By Qimen's inventory type: good, defective, machine damage, box damage."""
Goods = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """The events of one call, or the code and reason of its refusal."""

    events: Sequence[NewEvent] = ()
    code: str = "0"
    reason: str = ""

    @property
    def answer(self) -> bytes:
        """The XML answer. Qimen knows no HTTP status but 200."""
        flag = "failure" if self.reason else "success"
        return to_xml("response", {"flag": flag, "code": self.code, "message": self.reason})


def read_call(sessions: Sessions, settings: Qimen, parameters: Mapping[str, str], raw: bytes) -> Call:
    """Check the signature and read the events. Raises nothing: errors are in the answer."""
    if not is_signed(parameters, raw, settings.secret.get_secret_value(), datetime.now(UTC)):
        return Call(code="sign-check-failure", reason="the signature is not ours, or too old")
    places = {code: location for location, code in settings.warehouses.items()}
    try:
        reading = _READ.get(parameters.get("method", ""))
        if reading is None:
            raise NotQimen("method", f"is none of {', '.join(_READ)}")
        with sessions() as session:
            return Call(list(reading(read_xml(raw), session, places)))
    except NotQimen as wrong:
        return Call(code="invalid-parameter", reason=str(wrong))


def _process(root: Element, session: Session, places: Mapping[str, str]) -> Iterator[NewEvent]:
    state, work = need_text(root, "process/processStatus").upper(), need_text(root, "order/orderCode", 100)
    reason = text_at(root, "process/operateInfo") or text_at(root, "process/remark")
    yield from _state(state, work, state.lower(), reason)


def _confirmed(root: Element, session: Session, places: Mapping[str, str]) -> Iterator[NewEvent]:
    work, state = need_text(root, "deliveryOrder/deliveryOrderCode", 100), need_text(root, "deliveryOrder/status")
    code = text_at(root, "deliveryOrder/outBizCode", 100) or state.lower()
    if state not in SENT:
        yield from _state(state, work, code, text_at(root, "deliveryOrder/remark"))
        return
    lines = _goods(root, "orderLines/orderLine", "actualQty")
    parcels = [_parcel(package) for package in root.iterfind("packages/package")]
    if text_at(root, "deliveryOrder/confirmType") == INTERMEDIATE:
        yield _event(work, PART, code, lines=lines, parcels=parcels)
        return
    for part in _parts(session, work):
        lines, parcels = [*part["lines"], *lines], [*part["parcels"], *parcels]
    yield _event(work, "fulfillment_order.picked", f"{code}:picked", lines=lines)
    # Nobody packs an empty box.
    if any(line["quantity"] for line in lines):
        yield _event(work, "fulfillment_order.packed", f"{code}:packed", parcels=parcels)


def _returned(root: Element, session: Session, places: Mapping[str, str]) -> Iterator[NewEvent]:
    case, place = need_text(root, "returnOrder/returnOrderCode", 200), need_text(root, "returnOrder/warehouseCode")
    code = text_at(root, "returnOrder/outBizCode", 100) or "confirmed"
    kinds = [text_at(line, "inventoryType").upper() or "ZP" for line in root.iterfind("orderLines/orderLine")]
    lines = _goods(root, "orderLines/orderLine", "actualQty")
    fields: dict[str, Any] = {"return_id": case}
    received = fields | {"location_id": places.get(place, place), "lines": lines}
    yield NewEvent(PARTNER, f"{case}:{code}:received", "return.received", case, received)
    inspected = [
        line | {"disposition": DISPOSITIONS.get(kind, "quarantine"), "grade": kind}
        for line, kind in zip(lines, kinds, strict=True)
    ]
    yield NewEvent(PARTNER, f"{case}:{code}:inspected", "return.inspected", case, fields | {"lines": inspected})


def _state(state: str, work: str, code: str, reason: str) -> Iterator[NewEvent]:
    if kind := STATES.get(state):
        data = {} if kind.endswith(("accepted", "picking")) else {"reason": reason or state.lower()}
        yield _event(work, kind, code, **data)


def _parts(session: Session, work: str) -> list[dict[str, Any]]:
    mine = PartnerEventRow.partner == PARTNER, PartnerEventRow.subject == work, PartnerEventRow.type == PART
    return list(session.scalars(select(PartnerEventRow.data).where(*mine).order_by(PartnerEventRow.sequence)))


def _goods(root: Element, path: str, units: str) -> Goods:
    return [
        {"sku": need_text(line, "itemCode", 64), "quantity": int(_number(line, units, "0"))}
        for line in root.iterfind(path)
    ]


def _parcel(package: Element) -> dict[str, Any]:
    """Read a parcel. Qimen has kilograms and centimeters, we have grams and millimeters."""
    parcel: dict[str, Any] = {"weight_grams": int(_number(package, "weight", "0") * 1_000)}
    for theirs, ours in (("length", "length_mm"), ("width", "width_mm"), ("height", "height_mm")):
        if text_at(package, theirs):
            parcel[ours] = int(_number(package, theirs, "0") * 10)
    if kind := text_at(package, "packageMaterialList/packageMaterial/type"):
        parcel["packaging"] = kind
    if package.find("items") is not None:
        parcel["lines"] = _goods(package, "items/item", "quantity")
    return parcel


def _number(element: Element, path: str, otherwise: str) -> Decimal:
    try:
        value = Decimal(text_at(element, path, 20) or otherwise)
    except InvalidOperation:
        raise NotQimen(path, "is not a number") from None
    if not (value.is_finite() and 0 <= value <= 1_000_000):
        raise NotQimen(path, "is below zero or too large")
    return value


def _event(work: str, kind: str, code: str, **data: Any) -> NewEvent:
    return NewEvent(PARTNER, f"{work}:{code}", kind, work, {"fulfillment_order_id": work, **data})


_READ: Mapping[str, Callable[[Element, Session, Mapping[str, str]], Iterator[NewEvent]]] = {
    "taobao.qimen.orderprocess.report": _process,
    "taobao.qimen.deliveryorder.confirm": _confirmed,
    "taobao.qimen.returnorder.confirm": _returned,
}
