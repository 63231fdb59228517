"""A till sells: what is carried home is sold from its store's stock at once, the rest is an order as any other."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from commands.parameters import set_parameter
from commands.seed import Shop, stock_shop
from tests.api.channel_calls import open_account, push
from tests.baton import Baton
from tests.workflows.test_return_kinds import say
from tests.workflows.test_returns import until_case

TILL, STORE, BOOK, MAP = "till-1", "WEST-LAKE", "POCKET-ATLAS", "WALL-MAP"
TERMS = {TILL: {"*": {"kind": "platform", "refunds": "person"}}}
CHINA = timezone(timedelta(hours=8))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CARD = {"method": "card", "reference": "TERMINAL-7-1", "amount": "199.00"}


def receipt(number: str, quantity: int = 1, sku: str = BOOK, **changes: Any) -> dict[str, Any]:
    price = {"quantity": quantity, "unit_price": "199.00"}
    return {
        "store_id": "SH-0007",
        "receipt_no": number,
        "sold_at": f"{datetime.now(CHINA) - timedelta(hours=1):%Y-%m-%d %H:%M:%S}",
        "currency": "CNY",
        "items": [{"sku": sku, "name": "Pocket atlas", **price}],
        "total": f"{199 * quantity}.00",
        "tenders": [CARD | {"reference": f"TERMINAL-{number}", "amount": f"{199 * quantity}.00"}],
    } | changes


def open_store(baton: Baton, sku: str = BOOK) -> None:
    """A store with nine atlases, or of other goods, whose till is a channel of its own."""
    place = {"location_id": STORE, "kind": "store", "name": "West Lake", "country": "CN", "province": "浙江省"}
    with baton.sessions.begin() as session:
        stock_shop(session, Shop({sku: "Pocket atlas"}, [place], {(sku, STORE): 9}))
    open_account(baton.sessions, TILL, "pos", stores={"SH-0007": STORE})
    set_parameter(baton.sessions, "payment_terms", TERMS, LONG_AGO, None, "a contract", "sun")


async def sell(baton: Baton, sold: dict[str, Any]) -> str:
    answer = await push(baton.api, TILL, json.dumps(sold).encode(), "pos")
    assert answer.json()["status"] == "taken", answer.text
    order_id: str = answer.json()["order_id"]
    baton.placed[order_id] = f"{sold['store_id']}-{sold['receipt_no']}"
    return order_id


def on_hand(baton: Baton) -> int:
    [row] = baton.rows("SELECT on_hand FROM stock WHERE sku = :sku AND location_id = :store", sku=BOOK, store=STORE)
    return int(row.on_hand)


def movements(baton: Baton, order_id: str) -> list[Any]:
    moved = "SELECT kind, quantity FROM stock_movements WHERE order_id = :order ORDER BY movement_id"
    return list(baton.rows(moved, order=order_id))


async def until_relayed(baton: Baton, order_id: str) -> None:
    """Wait until all is done that the till has said of the receipt."""
    waits = "SELECT FROM partner_events WHERE subject = :receipt AND relayed_at IS NULL"
    receipt = f"{TILL}/{baton.placed[order_id]}"
    await baton.until(order_id, lambda order: not baton.rows(waits, receipt=receipt))


async def test_a_receipt_is_a_sale_from_the_stock_of_its_store(quick: Baton) -> None:
    # Given
    open_store(quick)
    before = on_hand(quick)

    # When the till sends it, twice
    sold = receipt("17")
    for _ in range(2):
        order_id = await sell(quick, sold)
    order = await quick.until_status(order_id, "completed")

    # Then
    assert (order["payment_status"], order["fulfillment_orders"], order["holds"]) == ("paid", [], [])
    assert on_hand(quick) == before - 1

    # When more is sold than the store has by its record
    many = await sell(quick, receipt("18", quantity=before + 4))
    short = await quick.until_status(many, "completed")

    # Then a person counts
    assert on_hand(quick) == 0
    assert f"{STORE} sold 5 {BOOK} more" in (short["attention"] or "")
    quick.verify()


async def test_a_receipt_that_is_voided_after_its_sale_calls_a_person_and_moves_no_stock(quick: Baton) -> None:
    # Given a sale that has ended
    open_store(quick, MAP)
    sold = receipt("21", sku=MAP)
    order_id = await sell(quick, sold)
    await quick.until_status(order_id, "completed")
    moved = movements(quick, order_id)

    # When the till sends it, twice
    for _ in range(2):
        await push(quick.api, TILL, json.dumps(sold | {"voided": True}).encode(), "pos")
    [answer] = await quick.until_event(order_id, "order.cancel_answered")
    await until_relayed(quick, order_id)

    # Then
    order = (await quick.api.get(f"/orders/{order_id}")).json()
    assert (order["status"], order["attention"]) == ("completed", "the channel canceled the order after it had ended")
    assert (answer["data"]["answer"], movements(quick, order_id)) == ("ended", moved)
    assert {row.kind for row in moved} == {"allocated", "shipped"}
    quick.verify()


async def test_a_receipt_that_states_more_after_its_sale_takes_the_rest_from_the_store(quick: Baton) -> None:
    # Given a sale of one that has ended
    open_store(quick, MAP)
    sold = receipt("22", sku=MAP)
    order_id = await sell(quick, sold)
    await quick.until_status(order_id, "completed")

    # When the till corrects it to three, twice
    corrected = receipt("22", 3, MAP, sold_at=sold["sold_at"], changed_at=f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}")
    for _ in range(2):
        await sell(quick, corrected)
    await until_relayed(quick, order_id)

    # Then all three have left the store, their money is booked, and a person is called to each
    gone = Counter[str]()
    for row in movements(quick, order_id):
        gone[row.kind] += row.quantity
    assert gone == {"allocated": 3, "shipped": 3}
    alerts = await quick.until_event(order_id, "alert.raised", times=3)
    assert {one["data"]["code"] for one in alerts} == {"SHIPPED_ELSEWHERE", "ORDER_CHANGED", "LATE_MONEY"}
    quick.verify()


async def test_what_is_to_be_sent_is_an_order_as_any_other(quick: Baton) -> None:
    # Given
    open_store(quick)
    home = {"name": "Lin Xia", "phone": "13800138000", "province": "浙江省", "city": "杭州市", "street": "文三路 90 号"}

    # When
    order_id = await sell(quick, receipt("19", sku="ELEGANT-LAMP", deliver_to=home))
    order = await quick.until_status(order_id, "completed")

    # Then
    assert [work["status"] for work in order["fulfillment_orders"]] == ["delivered"]


async def test_it_comes_back_to_any_store_against_its_receipt(quick: Baton) -> None:
    # Given
    open_store(quick)
    order_id = await sell(quick, receipt("20"))
    await quick.until_status(order_id, "completed")

    # When another store takes it back
    one = {"sku": BOOK, "quantity": 1}
    lines = [{"line_no": 1, "quantity": 1}]
    asked = {"case_id": "BACK-20", "kind": "store_return", "reason": "read it already", "lines": lines}
    return_id = (await quick.api.post(f"/orders/{order_id}/returns", json=asked)).json()["return_id"]
    await until_case(quick, order_id, "BACK-20", "approved")
    await say(quick, return_id, "receive", location_id="SHANGHAI", lines=[one])
    await say(quick, return_id, "inspect", lines=[one | {"disposition": "restock", "grade": "A"}])

    # Then a person at the till is to pay it back
    case = await until_case(quick, order_id, "BACK-20", "closed")
    [task] = (await quick.api.get("/refund-tasks", params={"channel": TILL})).json()["items"]
    assert (case["refund"], case["location_id"]) == ("199.00", "SHANGHAI")
    assert (task["order_id"], task["amount"]) == (order_id, "199.00")
    quick.verify()
