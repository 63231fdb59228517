"""Scenes of the demo in which people act: cancel, release a hold, order twice, receive goods, return goods."""

from typing import Any

from commands.demo import numbers
from commands.demo.orders import LEAVE_AT_THE_DOOR
from commands.demo.stage import Scene, Stage, expect
from domain.money import Money

PICKED = {"picked", "packed"}
CASE_ID = "CASE-77"


def sent_twice(stage: Stage) -> Scene:
    seen = yield from stage.until(numbers.TWICE, lambda order: True)
    answer = stage.place(stage.bodies[numbers.TWICE])
    order_id = answer.json()["order_id"]
    stage.say(f"POST /orders with {numbers.TWICE} again → {answer.status_code} order_id: {order_id}")
    expect(answer.status_code == 200, f"{numbers.TWICE} was taken twice: {answer.status_code}")
    expect(order_id == seen.order_id, f"{numbers.TWICE} has two ids")
    yield from stage.ended(numbers.TWICE)
    return f"{numbers.TWICE} was sent twice. The second time the first one's answer came back (200): it was taken once."


def incomplete_address(stage: Stage) -> Scene:
    seen = yield from stage.until(numbers.NO_STREET, lambda order: "ADDRESS" in order.holds)
    reason = stage.order(numbers.NO_STREET)["holds"][0]["reason"]
    note = "the customer named the street by phone"
    stage.ask(f"/orders/{seen.order_id}/holds/ADDRESS/release", {"note": note})
    yield from stage.ended(numbers.NO_STREET)
    return (
        f"{numbers.NO_STREET} was held because {reason}. Support released it with the note “{note}”, "
        "and it was delivered."
    )


def together(stage: Stage) -> Scene:
    first, second = numbers.TOGETHER
    one = yield from stage.ended(first)
    other = yield from stage.ended(second)
    waybills = {shipment["waybill"] for order in (one, other) for shipment in order["shipments"]}
    expect(len(waybills) == 1, f"{first} and {second} have the waybills {', '.join(sorted(waybills))}")
    shipment = stage.peek(f"/tms/shipments/{one['shipments'][0]['shipment_id']}")["request"]
    wishes = [name.replace("_", " ") for name in shipment["instructions"]]
    return (
        f"{first} and {second} are of one customer and address, so they shared a parcel: waybill {waybills.pop()}. "
        f"Their remark “{LEAVE_AT_THE_DOOR}” reached the carrier as: {', '.join(wishes)}."
    )


def backorder(stage: Stage) -> Scene:
    yield from stage.until(numbers.BACKORDER, lambda order: order.waits_for_stock)
    lines = [{"sku": "LAST-PIANO", "quantity": 1}]
    stage.say("a piano arrives in London: the ERP reports receipt GR-4711")
    stage.poke("/erp/receipts", {"receipt_id": "GR-4711", "location_id": "LONDON", "lines": lines})
    order = yield from stage.ended(numbers.BACKORDER)
    sender = order["fulfillment_orders"][0]["location_id"]
    return (
        f"No piano was left for {numbers.BACKORDER}, so it waited. The ERP's receipt GR-4711 brought one to London and "
        f"woke the order; {sender} shipped it."
    )


def canceled_in_the_warehouse(stage: Stage) -> Scene:
    seen = yield from stage.until(numbers.IN_THE_WAREHOUSE, lambda order: bool(PICKED.intersection(order.work)))
    result = stage.ask(f"/orders/{seen.order_id}/cancel", {"reason": "the customer changed her mind"})
    expect(result["answer"] == "done", f"canceling {numbers.IN_THE_WAREHOUSE} was answered with {result['answer']}")
    order = yield from stage.ended(numbers.IN_THE_WAREHOUSE, "canceled")
    return (
        f"{numbers.IN_THE_WAREHOUSE} was canceled while the warehouse had it ({seen.work[0]}): the pick was recalled, "
        f"the stock given back and {_refunded(order)} refunded."
    )


def canceled_on_the_road(stage: Stage) -> Scene:
    seen = yield from stage.until(numbers.ON_THE_ROAD, lambda order: "shipped" in order.work)
    answer = stage.ask(f"/orders/{seen.order_id}/cancel", {"reason": "ordered by mistake"})["answer"]
    expect(answer == "interception_asked", f"canceling {numbers.ON_THE_ROAD} was answered with {answer}")
    order = yield from stage.ended(numbers.ON_THE_ROAD, "canceled")
    return (
        f"{numbers.ON_THE_ROAD} was canceled too late for the warehouse. The carrier was asked to stop the parcel and "
        f"brought it back: the goods are stock again and {_refunded(order)} refunded."
    )


def returned(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.RETURNED)
    lines = [{"line_no": line["line_no"], "quantity": line["quantity"]} for line in order["lines"][:2]]
    stage.say(f"the CRM opens case {CASE_ID}: two of the three lines of {numbers.RETURNED} come back")
    case = {"case_id": CASE_ID, "channel": order["channel"], "channel_order_id": numbers.RETURNED}
    stage.poke("/crm/cases", {**case, "reason": "they do not match the sofa", "lines": lines})
    found = yield from stage.case_closed(f"{order['order_id']}-R-{CASE_ID}")
    refund = f"{found['refund']} {found['currency']}"
    expect(refund == _price(order, 2), f"{refund} went back for goods that cost {_price(order, 2)}")
    return (
        f"The customer of {numbers.RETURNED} sent two of three lines back. The case was approved, received and "
        f"inspected at {found['location_id']}, restocked, and exactly what they had cost was refunded: {refund}."
    )


def _refunded(order: dict[str, Any]) -> str:
    """The money refunded, which must be all of it."""
    back = [
        f"{payment['amount']} {payment['currency']}" for payment in order["payments"] if payment["kind"] == "refunded"
    ]
    total = f"{order['totals']['grand_total']} {order['currency']}"
    expect(back == [total], f"{order['channel_order_id']} cost {total}, refunded were {back}")
    return total


def _price(order: dict[str, Any], lines: int) -> str:
    """The price of the first `lines` lines."""
    parts = [Money.parse(line["unit_price"], order["currency"]) * line["quantity"] for line in order["lines"][:lines]]
    total = sum(parts, Money(0, order["currency"]))
    return f"{total.text} {total.currency}"
