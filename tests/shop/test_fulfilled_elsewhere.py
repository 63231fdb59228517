"""What a channel has shipped itself is never shipped again: it is counted in sales and returns, and never picked."""

import json
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from commands.seed import Shop, stock_shop
from models.stock import LocationRow, ProductRow
from record.channels.accounts import make_account
from record.channels.fetched import Fetched, take_fetched
from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body
from tests.channels.payloads import parsed
from tests.workflows.test_returns import ask, until_case

CHANNEL = "shop"
_hours, _numbers = count(1), count(1)


async def news(baton: Baton, body: dict[str, Any], **changes: Any) -> str:
    """The channel pushes the order's newest state; return our order's id."""
    at = datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(minutes=next(_hours))
    data = body | {"modified_at": at.isoformat()} | changes
    answer = await push(baton.api, CHANNEL, json.dumps({"type": "order.updated", "data": data}).encode())
    assert answer.json()["status"] == "taken", answer.text
    order_id: str = answer.json()["order_id"]
    baton.placed[order_id] = body["channel_order_id"]
    return order_id


def parcel(waybill: str = "", **units: int) -> dict[str, Any]:
    """A parcel of the platform; `units` by line: `line_1=2`, none for everything."""
    lines = [{"line_no": int(line.removeprefix("line_")), "quantity": quantity} for line, quantity in units.items()]
    return {"carrier": "YTO", "waybill": waybill, "shipped_at": "2026-11-20T10:00:00Z", "lines": lines}


def body(name: str, **changes: Any) -> dict[str, Any]:
    return order_body(f"{name}-{next(_numbers)}", **changes)


def stock(baton: Baton) -> list[Any]:
    columns = "sku, location_id, on_hand, reserved, allocated"
    return list(baton.rows(f"SELECT {columns} FROM stock ORDER BY 1, 2"))


def facts(baton: Baton, order_id: str) -> list[str]:
    found = baton.rows("SELECT type FROM order_events WHERE order_id = :id ORDER BY event_id", id=order_id)
    return [row.type for row in found]


async def test_an_order_that_the_platform_shipped_ends_without_work_and_can_come_back(quick: Baton) -> None:
    # Given an order without an address, which an audit of what we ship would hold
    open_account(quick.sessions, CHANNEL)
    before = stock(quick)
    nowhere = {"country": "CN", "name": "Lin Xia"}

    # When the channel says that it has shipped everything, twice
    sent = body("ELSEWHERE", ship_to=nowhere)
    for _ in range(2):
        order_id = await news(quick, sent, paid=True, shipped_elsewhere=[parcel("YT-1")])

    # Then it is a completed sale, of which only the books hear, and no stock has moved
    told = await quick.until_told(order_id)
    order = await quick.show(order_id)
    assert sorted(told) == [(who, what) for who in ("crm", "erp") for what in ("delivered", "received")]
    assert (order["status"], order["fulfillment_orders"], order["holds"]) == ("completed", [], [])
    assert (order["payment_status"], order["fulfillment_status"]) == ("paid", "shipped")
    assert [(one["waybill"], len(one["lines"])) for one in order["parcels_elsewhere"]] == [("YT-1", 2)]
    assert [line["elsewhere"] for line in order["lines"]] == [2, 1]
    assert stock(quick) == before
    assert not {"reservation.made", "sourcing.decided"} & set(facts(quick, order_id))

    # When the customer sends a lamp back
    await ask(quick, order_id, "E-1", line_1=1)
    await until_case(quick, order_id, "E-1", "closed")

    # Then it is paid for, exactly
    order = await quick.show(order_id)
    assert [one["amount"] for one in order["payments"] if one["kind"] == "refunded"] == ["120.00"]
    quick.verify()


async def test_a_partly_shipped_order_goes_on_with_the_rest(quick: Baton) -> None:
    open_account(quick.sessions, CHANNEL)

    order_id = await news(quick, body("PARTLY"), shipped_elsewhere=[parcel("YT-2", line_1=1)])

    order = await quick.until_status(order_id, "completed")
    [work] = order["fulfillment_orders"]
    assert {line["sku"]: line["quantity"] for line in work["lines"]} == {"ELEGANT-LAMP": 1, "TEA-SET": 1}
    assert [line["progress"]["delivered"] for line in order["lines"]] == [1, 1]
    told = await quick.until_told(order_id)
    assert ("inbox", "delivered") in told
    quick.verify()


async def test_our_own_parcel_comes_back_from_the_platform_and_changes_nothing(silent: Baton) -> None:
    # Given an order that we ship
    open_account(silent.sessions, CHANNEL)
    sent = body("ECHO")
    order_id = await news(silent, sent)
    order = await silent.until_fulfillment(order_id, "released")
    work = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.pick_and_pack(work, ELEGANT_LAMP=2, TEA_SET=1)
    order = await silent.until(order_id, lambda seen: bool(seen["shipments"]))
    waybill = order["shipments"][0]["waybill"]
    before = facts(silent, order_id)

    # When the platform says so while the parcel waits for its carrier, then without its number, and again at the end
    await news(silent, sent, shipped_elsewhere=[parcel(waybill.lower())])
    echoed = facts(silent, order_id)
    await silent.track(order, "in_transit")
    await silent.until_fulfillment(order_id, "shipped")
    await news(silent, sent, shipped_elsewhere=[parcel()])
    await silent.track(order, "delivered")
    await silent.until_status(order_id, "completed")
    await news(silent, sent, shipped_elsewhere=[parcel(waybill, line_1=2), parcel(waybill, line_2=1)])

    # Then it is our shipment, and nobody is called
    order = await silent.show(order_id)
    assert (echoed, order["attention"], order["parcels_elsewhere"]) == (before, None, [])
    assert [line["elsewhere"] for line in order["lines"]] == [0, 0]
    silent.verify()


async def test_what_waits_is_withdrawn_and_what_is_released_calls_a_person(silent: Baton) -> None:
    # Given one order for goods that nobody has, and one that a warehouse has got
    open_account(silent.sessions, CHANNEL)
    with silent.sessions.begin() as session:
        session.merge(ProductRow(sku="RARE-FAN", title="Fan"))
    waits, works = body("WAITS", lines=[("RARE-FAN", 1, "90.00")]), body("WORKS")
    waiting, working = await news(silent, waits), await news(silent, works)
    await silent.until_event(waiting, "sourcing.failed")
    await silent.until_fulfillment(working, "released")

    # When the platform has shipped both
    await news(silent, waits, shipped_elsewhere=[parcel("YT-3")])
    await news(silent, works, shipped_elsewhere=[parcel("YT-4")])

    # Then the one ends, and a person decides about the other
    ended = await silent.until_status(waiting, "completed")
    called = await silent.until(working, lambda order: bool(order["attention"]))
    [alert] = await silent.until_event(working, "alert.raised")
    assert (ended["attention"], [line["elsewhere"] for line in ended["lines"]]) == (None, [1])
    assert (alert["data"]["code"], called["status"]) == ("SHIPPED_ELSEWHERE", "in_progress")
    assert "2 ELEGANT-LAMP, 1 TEA-SET" in called["attention"]
    assert [line["elsewhere"] for line in called["lines"]] == [0, 0]

    # And once she has it called back, it is the channel's
    refused = await silent.cancel(waiting)
    assert (refused.status_code, refused.json()["detail"]) == (409, "the order is already completed")
    silent.verify()


async def test_work_that_waits_for_its_wave_is_called_back(silent: Baton) -> None:
    # Given an order whose work is open until the wave of its warehouse
    open_account(silent.sessions, CHANNEL)
    place = {"location_id": "FAN-TOWN", "kind": "warehouse", "name": "Fan", "country": "CN", "province": "广东省"}
    with silent.sessions.begin() as session:
        stock_shop(session, Shop({"WAVE-FAN": "Fan"}, [place], {("WAVE-FAN", "FAN-TOWN"): 9}))
        far = (datetime.now(UTC) + timedelta(hours=12)).time()
        row = session.get_one(LocationRow, "FAN-TOWN")
        row.waves, row.time_zone = [time(far.hour, far.minute)], "UTC"
    sent = body("WAVE", lines=[("WAVE-FAN", 3, "90.00")])
    order_id = await news(silent, sent)
    await silent.until_event(order_id, "sourcing.decided")

    # When the platform ships two of the three, and then the last
    await news(silent, sent, shipped_elsewhere=[parcel("YT-5", line_1=2)])
    await silent.until_event(order_id, "sourcing.decided", times=2)
    rest = await silent.show(order_id)
    await news(silent, sent, shipped_elsewhere=[parcel("YT-5", line_1=2), parcel("YT-6", line_1=1)])
    order = await silent.until_status(order_id, "completed")

    # Then the warehouse keeps its goods
    assert [work["status"] for work in rest["fulfillment_orders"]] == ["canceled", "open"]
    assert [line["quantity"] for work in rest["fulfillment_orders"] for line in work["lines"]] == [3, 1]
    assert [work["status"] for work in order["fulfillment_orders"]] == ["canceled", "canceled"]
    assert order["attention"] is None
    [left] = silent.rows("SELECT on_hand, allocated, reserved FROM stock WHERE sku = 'WAVE-FAN'")
    assert tuple(left) == (9, 0, 0)
    silent.verify()


async def test_a_cancel_of_what_the_platform_shipped_is_refused(silent: Baton) -> None:
    open_account(silent.sessions, CHANNEL)
    sent = body("CANCEL", payment={"reference": f"NOBODY-PAID-{next(_numbers)}", "method": "wechat"})

    order_id = await news(silent, sent, shipped_elsewhere=[parcel("YT-7")], canceled=True)
    [answer] = await silent.until_event(order_id, "order.cancel_answered")

    order = await silent.show(order_id)
    assert answer["data"]["answer"] == "refused"
    assert "the channel has shipped it itself" in order["attention"]
    assert (order["status"], [hold["code"] for hold in order["holds"]]) == ("under_review", ["PAYMENT"])

    # Nor is it given up when nobody pays: a person is called
    late = silent.settings.deadlines.payment + timedelta(hours=1)
    await silent.fast_forward(silent.workflow(order_id), late)
    order = await silent.until(order_id, lambda seen: "the release of the holds" in (seen["attention"] or ""))
    assert order["status"] == "under_review"


async def amazon(baton: Baton, number: str, status: str) -> str:
    """Fetch the state of an order that Amazon fulfills, and return our order's id."""
    payload = parsed("amazon", "ordinary")
    at = datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(minutes=next(_hours))
    payload["order"]["payload"] |= {
        "AmazonOrderId": number,
        "OrderStatus": status,
        "FulfillmentChannel": "AFN",
        "LastUpdateDate": at.isoformat(),
    }
    [intake] = take_fetched(baton.sessions, make_account("fba", "amazon"), [Fetched(json.dumps(payload).encode())])
    assert intake.order_id, intake
    baton.placed[intake.order_id] = number
    return intake.order_id


async def test_what_amazon_fulfills_is_open_until_it_leaves_and_only_amazon_cancels_it(silent: Baton) -> None:
    # Given two paid orders that Amazon has not shipped yet
    open_account(silent.sessions, "fba", "amazon")
    numbers = ["902-3159896-0000001", "902-3159896-0000002"]
    for number in numbers:
        paid = {"reference": f"fba:{number}", "amount": "247.23", "currency": "USD", "status": "captured"}
        (await silent.simulators.post("/payments/payments", json=paid)).raise_for_status()
    left, gone = [await amazon(silent, number, "Unshipped") for number in numbers]
    for order_id in (left, gone):
        order = await silent.until(order_id, lambda seen: seen["status"] == "accepted")
        assert (order["fulfillment_status"], order["holds"]) == ("open", [])

    # When somebody of ours cancels the one, and Amazon the other
    refused = await silent.cancel(left)
    await amazon(silent, numbers[1], "Canceled")
    canceled = await silent.until_status(gone, "canceled")
    await amazon(silent, numbers[0], "Shipped")
    completed = await silent.until_status(left, "completed")

    # Then one has left, the other is paid back, and nobody is called
    assert "cancel it there" in refused.json()["detail"], refused.text
    assert [one["amount"] for one in canceled["payments"] if one["kind"] == "refunded"] == ["247.23"]
    assert (canceled["attention"], completed["attention"]) == (None, None)
    assert completed["fulfillment_status"] == "shipped"
    silent.verify()
