"""Scenes of the demo in which money goes other ways: reserved, collected at the door, invoiced, charged later."""

from datetime import UTC, datetime, timedelta
from typing import Any

from commands.demo import numbers
from commands.demo.addresses import IN_CHINA
from commands.demo.orders import PRICES, order_body
from commands.demo.stage import Scene, Stage, expect
from domain.money import Money

SCARF = "WOOL-SCARF"
DEPOSIT = "30.00"
EXCHANGE = "CASE-78"


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
    _pay(stage, number, link["reference"], link["amount"])
    order = yield from stage.ended(number)
    captured, total = sum(_amounts(order, "captured"), Money(0, "CNY")), _total(order)
    expect(captured == total, f"{captured.text} were paid for {number}, which costs {total.text}")
    return (
        f"The customer of {number} named her street and wanted a scarf more. The edit was previewed, confirmed, and "
        f"waited until she had paid {price} CNY by a payment link; then everything went to her new address."
    )


def presold(stage: Stage) -> Scene:
    number, now = numbers.PRESOLD, datetime.now(UTC)
    body = order_body("tmall", number, {"BAMBOO-CHAIR": 1}, "CNY", IN_CHINA[3], now)
    balance = Money.parse(body["totals"]["grand_total"], "CNY") - Money.parse(DEPOSIT, "CNY")
    due = (now + timedelta(days=10)).isoformat()
    tender = {"kind": "gateway", "reference": f"BALANCE-{number}", "amount": balance.text, "due_at": due}
    payment = {"reference": f"PAY-{number}:{DEPOSIT}:CNY", "method": "alipay"}
    stage.place(body | {"customer": {"customer_id": "C-presale"}, "payment": payment, "tenders": [tender]})
    yield from stage.until(number, lambda order: "BALANCE_DUE" in order.holds)
    waiting = stage.order(number)
    expect(_amounts(waiting, "captured") == [Money.parse(DEPOSIT, "CNY")], f"the deposit of {number} is not in")
    _pay(stage, number, tender["reference"], balance.text)
    order = yield from stage.ended(number)
    captured = sum(_amounts(order, "captured"), Money(0, "CNY"))
    expect(captured == _total(order), f"{captured.text} were paid for {number}, which costs {_total(order).text}")
    return (
        f"{number} is a pre-sale: with its deposit of {DEPOSIT} CNY the chair was kept, and it was not sent before "
        f"the balance of {balance.text} CNY was in."
    )


def exchanged(stage: Stage) -> Scene:
    number, price = numbers.EXCHANGED, PRICES["CNY"][SCARF]
    order = yield from stage.ended(number)
    line = {"line_no": 1, "quantity": 1, "replacement_sku": SCARF, "replacement_price": price}
    body = {"case_id": EXCHANGE, "kind": "exchange", "reason": "a scarf rather than tea", "lines": [line]}
    return_id = stage.ask(f"/orders/{order['order_id']}/returns", body, show=("return_id", "status"))["return_id"]
    while not ((case := stage.read(f"/returns/{return_id}")) and case["payment_link"]):
        yield
    charge = Money.parse(price, "CNY") - Money.parse(order["lines"][0]["unit_price"], "CNY")
    _pay(stage, number, case["payment_link"].rpartition("/")[2], charge.text)
    case = yield from stage.case_closed(return_id)
    while (instead := stage.read(f"/orders/{case['follow_up_id']}") or {})["status"] not in ("completed", "canceled"):
        yield
    expect(instead["status"] == "completed", f"what goes out for {number} is {instead['status']}")
    expect(instead["payment_status"] == "paid", f"what goes out for {number} is {instead['payment_status']}")
    return (
        f"The customer of {number} exchanged her tea set ({case['moved']} CNY) for a scarf ({price} CNY). She paid the "
        f"difference of {charge.text} CNY by a link, the tea set came back, and the scarf went out as order "
        f"{instead['channel_order_id']}."
    )


def _pay(stage: Stage, number: str, reference: str, amount: str) -> None:
    stage.say(f"the customer of {number} pays {amount} CNY at the gateway: {reference}")
    paid = {"reference": reference, "amount": amount, "currency": "CNY", "status": "captured"}
    stage.poke("/payments/payments", paid)


def _of_order(stage: Stage, path: str, order: dict[str, Any]) -> list[dict[str, Any]]:
    found = stage.read(path) or {}
    return [one for one in found.get("items", ()) if one["order_id"] == order["order_id"]]


def _amounts(order: dict[str, Any], kind: str) -> list[Money]:
    return [Money.parse(one["amount"], one["currency"]) for one in order["payments"] if one["kind"] == kind]


def _total(order: dict[str, Any]) -> Money:
    return Money.parse(order["totals"]["grand_total"], order["currency"])
