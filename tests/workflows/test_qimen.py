"""Orders that a Qimen warehouse picks: the same workflow, another protocol."""

from itertools import count

import httpx2
import pytest

from commands.seed import Shop, stock_shop
from integrations.qimen_form import signed, to_xml
from tests.baton import Baton

HOUSE = "QIMEN-HOUSE"
PLACE = {"location_id": HOUSE, "kind": "warehouse", "name": "Qimen house", "country": "CN", "province": "广东省"}
_numbers = count(1)


def goods(baton: Baton, *names: str) -> list[str]:
    """Products that only the Qimen warehouse has."""
    skus = [f"{name}-{next(_numbers)}" for name in names]
    with baton.sessions.begin() as session:
        stock_shop(session, Shop({sku: sku.title() for sku in skus}, [PLACE], {(sku, HOUSE): 20 for sku in skus}))
    return skus


async def confirm(baton: Baton, work: str, secret: str = "simulated-secret", **fields: object) -> httpx2.Response:
    order = {"deliveryOrderCode": work, "warehouseCode": "QH01", "orderType": "JYCK"}
    lines = fields.pop("lines", [])
    body = to_xml("request", {"deliveryOrder": order | fields, "orderLines": lines})
    asked = {"method": "taobao.qimen.deliveryorder.confirm", "app_key": "simulated-app"}
    return await baton.api.post("/webhooks/qimen", params=signed(asked, body, secret), content=body)


def line(sku: str, units: int | str) -> tuple[str, dict[str, object]]:
    return "orderLine", {"itemCode": sku, "actualQty": units}


async def test_an_order_is_delivered_through_qimen_though_it_is_confirmed_in_parts(quick: Baton) -> None:
    # given
    skus = goods(quick, "JADE-CUP", "JADE-BOWL", "JADE-PLATE")

    # when
    order_id = await quick.order("DUPLICATE-WEBHOOK", lines=[(sku, 2, "30.00") for sku in skus])
    order = await quick.until_status(order_id, "completed")

    # then
    [work] = order["fulfillment_orders"]
    assert work["location_id"] == HOUSE
    assert work["accepted_at"] is not None
    assert [part["picked"] for part in work["lines"]] == [2, 2, 2]
    assert [part["progress"]["delivered"] for part in order["lines"]] == [2, 2, 2]
    assert order["attention"] is None
    [parcels] = quick.rows("SELECT parcels FROM fulfillment_orders WHERE order_id = :id", id=order_id)[0]
    assert [(parcel["weight_grams"], parcel["length_mm"]) for parcel in parcels] == [(800, 400)] * 3
    quick.verify()


async def test_a_short_pick_at_a_qimen_warehouse_is_sourced_again(quick: Baton) -> None:
    [sku] = goods(quick, "SHORT-PICK-FAN")

    order_id = await quick.order("FANS", lines=[(sku, 3, "30.00")])
    order = await quick.until_status(order_id, "completed")

    assert [[part["picked"] for part in work["lines"]] for work in order["fulfillment_orders"]] == [[2], [1]]


async def test_an_order_is_called_back_from_a_qimen_warehouse(silent: Baton) -> None:
    # given
    [sku] = goods(silent, "JADE-RING")
    order_id = await silent.order("RING", lines=[(sku, 1, "30.00")])
    order = await silent.until_fulfillment(order_id, "released")

    # when
    answer = await silent.cancel(order_id)

    # then
    assert answer.json()["answer"] == "done"
    work = order["fulfillment_orders"][0]["fulfillment_order_id"]
    assert (await silent.simulators.get(f"/wms/fulfillment-orders/{work}")).json()["status"] == "recalled"
    silent.verify()


async def test_a_rejection_of_a_qimen_warehouse_ends_its_work(silent: Baton) -> None:
    # given
    [sku] = goods(silent, "JADE-BOX")
    order_id = await silent.order("BOX", lines=[(sku, 1, "30.00")])
    work = (await silent.until_fulfillment(order_id, "released"))["fulfillment_orders"][0]["fulfillment_order_id"]

    # when
    await confirm(silent, work, status="REJECT", outBizCode="B-1", remark="the shelf has fallen over")
    [event] = await silent.until_event(order_id, "fulfillment_order.rejected")

    # then
    assert event["data"]["reason"] == "the shelf has fallen over"
    await silent.cancel(order_id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": "DELIVERED", "lines": [line("JADE-CUP", "two")]}, "actualQty"),
        ({"status": "DELIVERED", "lines": [line("", 2)]}, "itemCode"),
        ({"status": ""}, "deliveryOrder/status"),
        ({"status": "DELIVERED", "lines": [line("JADE-CUP", -2)]}, "actualQty"),
    ],
)
async def test_an_unreadable_message_is_answered_with_its_field(
    silent: Baton, fields: dict[str, object], field: str
) -> None:
    answer = await confirm(silent, "FO-UNREAD", **fields)

    assert answer.status_code == 200
    assert "<flag>failure</flag>" in answer.text
    assert field in answer.text
    assert silent.rows("SELECT 1 FROM partner_events WHERE subject = 'FO-UNREAD'") == []


async def test_a_message_signed_with_another_secret_is_refused(silent: Baton) -> None:
    answer = await confirm(silent, "FO-UNREAD", secret="another", status="DELIVERED", lines=[line("JADE-CUP", 2)])

    assert "sign-check-failure" in answer.text
