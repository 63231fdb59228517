"""A return case: before delivery, after it, and after the order's workflow is gone."""

from datetime import timedelta
from typing import Any

from domain.money import Money
from integrations.partners import connect_partners
from tests.baton import Baton
from tests.workflows.test_cancel import shipped


async def ask(baton: Baton, order_id: str, case_id: str, **units: int) -> None:
    """The CRM asks for a return; `units` by line: `line_1=2`."""
    lines = [{"line_no": int(line.removeprefix("line_")), "quantity": quantity} for line, quantity in units.items()]
    await baton.crm(
        "return.requested",
        case_id=case_id,
        channel="shop",
        channel_order_id=baton.placed[order_id],
        reason="too big",
        lines=lines,
    )


async def until_case(baton: Baton, order_id: str, case_id: str, status: str) -> dict[str, Any]:
    """Return the case once it has a status; an approved case may already have its label."""
    reached = {status} if status != "approved" else {"approved", "label_issued"}

    def there(order: dict[str, Any]) -> bool:
        return any(case["case_id"] == case_id and case["status"] in reached for case in order["returns"])

    order = await baton.until(order_id, there)
    return next(case for case in order["returns"] if case["case_id"] == case_id)


async def test_two_of_three_units_come_back_after_delivery_though_they_are_asked_for_twice(quick: Baton) -> None:
    # Given a delivered order
    order_id = await quick.order("RETURN")
    await quick.until_status(order_id, "completed")

    # When the customer returns a lamp and the tea set, and the CRM says so twice
    for _ in range(2):
        await ask(quick, order_id, "K-1", line_1=1, line_2=1)

    # Then it is one case: what was paid for them goes back, and they are stock again
    await until_case(quick, order_id, "K-1", "closed")
    order = await quick.show(order_id)
    refunds = [one["amount"] for one in order["payments"] if one["kind"] == "refunded"]
    assert (order["payment_status"], refunds, len(order["returns"])) == ("partially_refunded", ["200.00"], 1)
    quick.verify()


async def test_returning_the_rest_gives_back_exactly_what_was_paid(quick: Baton) -> None:
    order_id = await quick.order("PIECES")
    await quick.until_status(order_id, "completed")

    for number, units in enumerate(({"line_1": 1}, {"line_2": 1}, {"line_1": 1})):
        await ask(quick, order_id, f"P-{number}", **units)
        await until_case(quick, order_id, f"P-{number}", "closed")

    order = await quick.show(order_id)
    assert order["payment_status"] == "refunded"
    quick.verify()


async def test_a_case_for_more_units_than_remain_is_rejected(quick: Baton) -> None:
    order_id = await quick.order("GREEDY")
    await quick.until_status(order_id, "completed")
    await ask(quick, order_id, "G-1", line_1=2)
    await until_case(quick, order_id, "G-1", "closed")

    await ask(quick, order_id, "G-2", line_1=1)

    case = await until_case(quick, order_id, "G-2", "rejected")
    assert "0 units left" in case["refusal"]


async def test_damaged_goods_are_kept_from_sale(silent: Baton) -> None:
    # Given a delivered order
    order_id = await shipped(silent, "DAMAGED")
    await silent.track(await silent.show(order_id), "delivered")
    await silent.until_status(order_id, "completed")
    await ask(silent, order_id, "D-1", line_1=2)
    case = await until_case(silent, order_id, "D-1", "approved")
    before = stock_of(silent, "ELEGANT-LAMP")

    # When one of two lamps that come back is broken
    return_id = case["return_id"]
    lamps = [{"sku": "ELEGANT-LAMP", "quantity": 2}]
    await silent.wms("return.received", return_id=return_id, location_id="SHANGHAI", lines=lamps)
    judged = [
        {"sku": "ELEGANT-LAMP", "quantity": 1, "disposition": "restock", "grade": "A"},
        {"sku": "ELEGANT-LAMP", "quantity": 1, "disposition": "quarantine", "grade": "C"},
    ]
    await silent.wms("return.inspected", return_id=return_id, lines=judged)

    # Then one is for sale again, and one is not
    await until_case(silent, order_id, "D-1", "closed")
    after = stock_of(silent, "ELEGANT-LAMP")
    assert (after.on_hand - before.on_hand, after.quarantined - before.quarantined) == (2, 1)
    silent.verify()


async def test_goods_that_do_not_come_expire_the_case(silent: Baton) -> None:
    order_id = await shipped(silent, "NEVERCAME")
    await silent.track(await silent.show(order_id), "delivered")
    await silent.until_status(order_id, "completed")
    await ask(silent, order_id, "N-1", line_1=1)
    await until_case(silent, order_id, "N-1", "approved")
    await silent.until_event(order_id, "return.approved")

    await silent.fast_forward(
        silent.case(order_id, "N-1"), silent.settings.deadlines.return_arrival + timedelta(minutes=1)
    )

    await until_case(silent, order_id, "N-1", "expired")
    order = await silent.show(order_id)
    assert order["payment_status"] == "paid"


async def test_a_case_for_everything_during_the_pick_calls_it_back(silent: Baton) -> None:
    # Given an order at the warehouse
    order_id = await silent.order("BEFORE")
    await silent.until_fulfillment(order_id, "released")

    # When the customer wants all of it to go back
    await ask(silent, order_id, "B-1", line_1=2, line_2=1)

    # Then nothing is sent, and the case pays everything back, once
    case = await until_case(silent, order_id, "B-1", "closed")
    order = await silent.until_status(order_id, "canceled")
    assert (case["goods"], order["payment_status"]) == ("recalled", "refunded")
    assert len([one for one in order["payments"] if one["kind"] == "refunded"]) == 1
    silent.verify()


async def test_a_case_for_a_part_during_the_pick_lets_the_rest_go_on(silent: Baton) -> None:
    order_id = await silent.order("PARTLY")
    await silent.until_fulfillment(order_id, "released")

    await ask(silent, order_id, "PB-1", line_2=1)

    case = await until_case(silent, order_id, "PB-1", "closed")
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)
    assert case["goods"] == "recalled"
    assert order["fulfillment_orders"][1]["lines"] == [{"sku": "ELEGANT-LAMP", "quantity": 2, "picked": None}]
    silent.verify()


async def test_a_case_for_everything_on_the_road_intercepts_it(silent: Baton) -> None:
    order_id = await shipped(silent, "ONROAD")

    await ask(silent, order_id, "R-1", line_1=2, line_2=1)
    await silent.until_event(order_id, "shipment.interception_asked")
    order = await silent.show(order_id)
    await silent.wms(
        "fulfillment_order.returned",
        fulfillment_order_id=order["fulfillment_orders"][0]["fulfillment_order_id"],
        location_id="GUANGZHOU",
    )

    case = await until_case(silent, order_id, "R-1", "closed")
    order = await silent.until_status(order_id, "canceled")
    assert (case["goods"], order["payment_status"]) == ("intercepted", "refunded")
    silent.verify()


async def test_a_case_for_a_part_on_the_road_waits_for_the_delivery(silent: Baton) -> None:
    order_id = await shipped(silent, "PATIENT")
    await ask(silent, order_id, "W-1", line_1=1)
    await silent.until_event(order_id, "return.approved")

    await silent.track(await silent.show(order_id), "delivered")

    case = await until_case(silent, order_id, "W-1", "approved")
    await silent.until(order_id, lambda order: order["returns"][0]["goods"] == "delivered")
    assert case["return_id"]


async def test_a_refund_that_the_gateway_refuses_waits_for_a_person(silent: Baton) -> None:
    # Given a case whose goods are back, and a payment that was charged back in the meantime
    order_id = await shipped(silent, "CHARGEDBACK")
    await silent.track(await silent.show(order_id), "delivered")
    await silent.until_status(order_id, "completed")
    order = await silent.show(order_id)
    gateway = connect_partners(silent.settings).payments
    gateway.refund(order["payment_reference"], Money(33000, "CNY"), "charged back", "bank:1")
    await ask(silent, order_id, "C-1", line_1=2)
    case = await until_case(silent, order_id, "C-1", "approved")

    # When the goods are inspected
    lamps = [{"sku": "ELEGANT-LAMP", "quantity": 2}]
    await silent.wms("return.received", return_id=case["return_id"], location_id="SHANGHAI", lines=lamps)
    judged = [{"sku": "ELEGANT-LAMP", "quantity": 2, "disposition": "restock", "grade": "A"}]
    await silent.wms("return.inspected", return_id=case["return_id"], lines=judged)

    # Then the case waits, visibly, and nothing is booked as refunded
    alert = await silent.until_event(order_id, "alert.raised")
    assert alert[0]["data"]["reason"] == "the gateway refuses the refund: refund_refused"
    order = await silent.show(order_id)
    assert (order["payment_status"], order["returns"][0]["status"]) == ("paid", "inspected")


def stock_of(baton: Baton, sku: str, location: str = "SHANGHAI") -> Any:
    """The counters of a SKU at a location."""
    where = "sku = :sku AND location_id = :location"
    counters = "on_hand, quarantined, available"
    return baton.rows(f"SELECT {counters} FROM stock WHERE {where}", sku=sku, location=location)[0]
