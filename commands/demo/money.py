"""Scenes of the demo in which money goes other ways: reserved, collected at the door, invoiced, charged later."""

from typing import Any

from commands.demo import numbers
from commands.demo.orders import PRICES
from commands.demo.stage import Scene, Stage, expect
from domain.money import Money

SCARF = "WOOL-SCARF"


def in_two_parcels(stage: Stage) -> Scene:
    number = numbers.IN_TWO_PARCELS
    order = yield from stage.ended(number)
    reserved, captured = _amounts(order, "authorized"), _amounts(order, "captured")
    total = _total(order)
    expect(reserved == [total], f"of {number} {reserved} were reserved, not {total}")
    expect(len(captured) == 2, f"{number} was to be captured in two parts, not {captured}")
    expect(sum(captured, Money(0, order["currency"])) == total, f"of {number} {captured} were captured, not {total}")
    first, second = captured
    return (
        f"The card of {number} was charged as its goods left: {total.text} CNY were reserved before the pick, "
        f"{first.text} captured with the one parcel and {second.text} with the other."
    )


def cash_on_delivery(stage: Stage) -> Scene:
    number = numbers.AT_THE_DOOR
    order = yield from stage.ended(number)
    collected = _of_order(stage, "/cash-collections?state=collected", order)
    expect(len(collected) == 1, f"for {number} was to be collected once, not {len(collected)} times")
    owed = collected[0]
    stage.say(f"{owed['carrier']} pays us what it collected, among it {owed['amount']} CNY for {number}")
    lines = [{"waybill": owed["waybill"], "amount": owed["amount"]}, {"waybill": "NOT-OURS", "amount": "8.00"}]
    body = {"carrier": owed["carrier"], "reference": "WEEK-46", "currency": "CNY", "lines": lines}
    paid = stage.ask("/remittances", body, show=("total", "lines"))
    differences = [(one["kind"], one["waybill"]) for one in paid["differences"]]
    expect(differences == [("unknown_here", "NOT-OURS")], f"the remittance has the differences {differences}")
    expect(bool(_of_order(stage, "/cash-collections?state=remitted", order)), f"{number} is not remitted")
    return (
        f"{number} was paid at the door: {owed['carrier']} collected {owed['amount']} CNY and remitted them, waybill "
        "by waybill. A line of 8.00 CNY for a parcel that is not ours is a difference, and books nothing."
    )


def on_credit(stage: Stage) -> Scene:
    number, mine = numbers.ON_CREDIT, f"customer_id={numbers.HOTEL}"
    order = yield from stage.ended(number)
    while not (invoices := _of_order(stage, f"/invoices?{mine}", order)):
        yield
    (invoice,) = invoices
    expect(order["payment_status"] == "pending", f"{number} is {order['payment_status']} before its invoice was paid")
    payment = {"payment_id": "BANK-8801", "amount": invoice["amount"], "currency": invoice["currency"]}
    for _ in range(2):
        state = stage.ask(f"/invoices/{invoice['invoice_id']}/payments", payment, show=("amount", "state"))["state"]
    paid = stage.order(number)["payment_status"]
    expect((state, paid) == ("closed", "paid"), f"the invoice of {number} is {state}, and the order {paid}")
    return (
        f"{numbers.HOTEL} buys on credit: {number} left unpaid, within its limit, and was invoiced. The bank told "
        f"twice of its {invoice['amount']} {invoice['currency']}; they were booked once."
    )


def edited(stage: Stage) -> Scene:
    number = numbers.EDITED
    seen = yield from stage.until(number, lambda order: "ADDRESS" in order.holds)
    home, price = stage.bodies[number]["ship_to"], PRICES["CNY"][SCARF]
    wishes = {
        "reason": "she called: her street, and a scarf more",
        "ship_to": home | {"lines": ["天河区体育西路 103 号"]},
        "add": [{"sku": SCARF, "quantity": 1, "unit_price": price}],
    }
    edit = stage.ask(f"/orders/{seen.order_id}/edits", wishes, show=("before", "after", "charge"))
    confirm = f"/orders/{seen.order_id}/edits/{edit['edit_id']}/confirm"
    link = stage.ask(confirm, show=("answer",))["payment_link"]
    expect(link["amount"] == price, f"the link asks for {link['amount']}, not {price}")
    yield from stage.until(number, lambda order: "PAYMENT_DUE" in order.holds)
    stage.say(f"the customer of {number} pays {link['amount']} CNY at {link['url']}")
    paid = {"reference": link["reference"], "amount": link["amount"], "currency": "CNY", "status": "captured"}
    stage.poke("/payments/payments", paid)
    order = yield from stage.ended(number)
    captured, total = sum(_amounts(order, "captured"), Money(0, "CNY")), _total(order)
    expect(captured == total, f"{captured.text} were paid for {number}, which costs {total.text}")
    return (
        f"The customer of {number} named her street and wanted a scarf more. The edit was previewed, confirmed, and "
        f"waited until she had paid {price} CNY by a payment link; then everything went to her new address."
    )


def _of_order(stage: Stage, path: str, order: dict[str, Any]) -> list[dict[str, Any]]:
    found = stage.read(path) or {}
    return [one for one in found.get("items", ()) if one["order_id"] == order["order_id"]]


def _amounts(order: dict[str, Any], kind: str) -> list[Money]:
    return [Money.parse(one["amount"], one["currency"]) for one in order["payments"] if one["kind"] == kind]


def _total(order: dict[str, Any]) -> Money:
    return Money.parse(order["totals"]["grand_total"], order["currency"])
