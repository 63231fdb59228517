"""An order that the customer fetches: packed at the store, announced with a code, handed over, or canceled."""

from datetime import timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from commands.seed import Shop, stock_shop
from tests.baton import Baton, eventually

_numbers = count(1)
NO_STREET = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN"}


@pytest.fixture
def store(silent: Baton) -> str:
    """A store with five lanterns; a warehouse nearer to the customer has a hundred."""
    number = next(_numbers)
    name, goods = f"LANE-STORE-{number}", f"LANTERN-{number}"
    places = [
        {"location_id": name, "kind": "store", "name": name, "country": "CN", "province": "北京市"},
        {"location_id": f"{name}-NEAR", "kind": "warehouse", "name": name, "country": "CN", "province": "广东省"},
    ]
    with silent.sessions.begin() as session:
        stock_shop(session, Shop({goods: "Lantern"}, places, {(goods, name): 5, (goods, f"{name}-NEAR"): 100}))
    return name


def lanterns(store: str) -> str:
    return store.replace("LANE-STORE", "LANTERN")


async def ready(baton: Baton, store: str, **changes: Any) -> tuple[str, str, str]:
    """Return an order that waits to be fetched: its id, its fulfillment order, and the code sent to the customer."""
    delivery = {"method": "pickup", "location_id": store}
    lines = [(lanterns(store), 2, "60.00")]
    order_id = await baton.order("PICKUP", lines=lines, delivery=delivery, ship_to=NO_STREET, **changes)
    order = await baton.until_fulfillment(order_id, "released")
    [work] = order["fulfillment_orders"]
    await baton.pick_and_pack(work["fulfillment_order_id"], **{lanterns(store).replace("-", "_"): 2})
    [message] = await messages_to(baton, order_id, "inbox", "ready")
    return order_id, work["fulfillment_order_id"], message["data"]["pickup_code"]


async def messages_to(
    baton: Baton, order_id: str, recipient: str, milestone: str, times: int = 1
) -> list[dict[str, Any]]:
    async def messages() -> list[dict[str, Any]]:
        page = (await baton.simulators.get(f"/{recipient}/messages", params={"order_id": order_id})).json()
        return [message for message in page["messages"] if message["milestone"] == milestone]

    return await eventually(messages, lambda found: len(found) >= times)


async def fetch(baton: Baton, work: str, code: str) -> httpx2.Response:
    return await baton.api.post(f"/fulfillment-orders/{work}/pickup", json={"code": code})


async def test_goods_fetched_with_their_code_are_delivered_without_a_carrier(silent: Baton, store: str) -> None:
    # given
    order_id, work, code = await ready(silent, store)

    # when
    answers = [await fetch(silent, work, said) for said in (code, f"{code[:4].lower()}-{code[4:]}")]
    order = await silent.until_status(order_id, "completed")

    # then
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (order["fulfillment_status"], order["shipments"]) == ("delivered", [])
    assert order["fulfillment_orders"][0]["location_id"] == store
    await messages_to(silent, order_id, "inbox", "delivered")
    silent.verify()


async def test_the_code_is_sent_to_the_customer_and_stored_nowhere(silent: Baton, store: str) -> None:
    # given
    order_id, _, code = await ready(silent, store)
    [to_channel] = await messages_to(silent, order_id, "channel", "ready")
    sent = f"SELECT count(*) FROM messages WHERE order_id = '{order_id}' AND milestone = 'ready' AND sent_at IS NULL"
    await eventually(lambda: _scalar(silent, sent), lambda waiting: waiting == 0)

    # when
    history = (await silent.workflow(order_id).fetch_history()).to_json()
    record = silent.rows("SELECT m.data::text || f::text FROM messages m JOIN fulfillment_orders f USING (order_id)")

    # then
    assert "pickup_code" not in to_channel["data"]
    assert code not in history
    assert not any(code in row[0] for row in record)
    await silent.cancel(order_id)


async def test_five_wrong_codes_alert_a_person_until_there_is_a_new_code(silent: Baton, store: str) -> None:
    # given
    order_id, work, code = await ready(silent, store)

    # when
    wrong = [await fetch(silent, work, "WRONG-ONE") for _ in range(5)]
    raised = await silent.until(order_id, lambda order: "wrong codes" in (order["attention"] or ""))
    renewed = await silent.api.post(f"/fulfillment-orders/{work}/pickup-code", json={})
    second = (await messages_to(silent, order_id, "inbox", "ready", times=2))[1]["data"]["pickup_code"]
    old, right = await fetch(silent, work, code), await fetch(silent, work, second)

    # then
    assert wrong[0].json()["errors"] == [{"field": "code", "message": "not the code"}]
    assert (renewed.status_code, old.status_code, right.status_code) == (200, 422, 200)
    assert raised["status"] == "in_progress"
    assert second != code
    assert (await silent.until_status(order_id, "completed"))["attention"] is None


async def test_a_cancel_clears_the_alert_about_wrong_codes(silent: Baton, store: str) -> None:
    # given
    order_id, work, _ = await ready(silent, store)
    for _ in range(5):
        await fetch(silent, work, "WRONG-ONE")
    await silent.until(order_id, lambda order: bool(order["attention"]))

    # when
    await silent.cancel(order_id)

    # then
    assert (await silent.until_status(order_id, "canceled"))["attention"] is None


async def test_goods_that_nobody_fetches_are_stock_again_and_paid_back(silent: Baton, store: str) -> None:
    # given
    order_id, work, code = await ready(silent, store)

    # when
    await silent.fast_forward(silent.workflow(order_id), silent.settings.deadlines.pickup + timedelta(hours=1))
    order = await silent.until_status(order_id, "canceled")

    # then
    assert order["payment_status"] == "refunded"
    assert (await fetch(silent, work, code)).status_code == 409
    stock = (await silent.api.get(f"/stock/{lanterns(store)}", params={"location": store})).json()
    assert stock["available"] == 5
    await messages_to(silent, order_id, "inbox", "canceled")
    silent.verify()


async def test_goods_handed_over_by_the_store_cannot_be_canceled(silent: Baton, store: str) -> None:
    # given
    order_id, work, code = await ready(silent, store)

    # when
    handed_over = await fetch(silent, work, code)
    answer = await silent.cancel(order_id)

    # then
    assert (handed_over.status_code, answer.status_code) == (200, 409)
    assert (await silent.until_status(order_id, "completed"))["payment_status"] == "paid"
    silent.verify()


async def test_a_pickup_at_a_location_that_is_no_store_is_held(silent: Baton, store: str) -> None:
    delivery = {"method": "pickup", "location_id": f"{store}-NEAR"}
    order_id = await silent.order("PICKUP", delivery=delivery)

    order = await silent.until_status(order_id, "under_review")

    assert [hold["code"] for hold in order["holds"]] == ["PICKUP_STORE"]


async def test_a_pickup_names_its_store(silent: Baton) -> None:
    for delivery in ({"method": "pickup"}, {"method": "ship", "location_id": "SHANGHAI"}):
        with pytest.raises(AssertionError, match=r"delivery\.location_id"):
            await silent.order("PICKUP", delivery=delivery)


async def _scalar(baton: Baton, sql: str) -> int:
    return int(baton.rows(sql)[0][0])
