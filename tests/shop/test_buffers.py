"""Safety stock of stores is kept from online sale: by location, SKU and class, dated, and staff set it."""

import json

from models.channel import ChannelAccountRow
from tests.api.channel_calls import open_account, push
from tests.baton import Baton

LAST_EDITIONS = [("FIRST-EDITION", 18, "10.00")]


async def test_a_store_keeps_what_it_may_sell_itself(quick: Baton) -> None:
    # given a store that keeps three of its twenty first editions
    keeps = {"kind": "store", "sku": "FIRST-EDITION", "units": 3}
    for _ in range(2):
        answer = await quick.api.put("/buffers/BOOKS-IN-STORES", json=keeps)
        assert answer.status_code == 200, answer.text
    [stock] = (await quick.api.get("/stock", params={"sku": "FIRST-EDITION"})).json()["items"]
    assert (stock["available"], stock["total"]["on_hand"], stock["total"]["buffer"]) == (17, 20, 3)

    # when eighteen are ordered online, they wait, and the log says for what
    order_id = await quick.order("EDITIONS", lines=LAST_EDITIONS)
    [failed] = await quick.until_event(order_id, "sourcing.failed")
    assert failed["data"]["why"].endswith("; 3 kept for COVENT-GARDEN")

    # and a receipt of the store itself, to be sent to a guest, takes one of them at once
    open_account(quick.sessions, "till", "pos")
    receipt = {
        "store_id": "COVENT-GARDEN",
        "receipt_no": "77",
        "sold_at": "2026-11-20 12:00:00",
        "currency": "CNY",
        "items": [{"sku": "FIRST-EDITION", "name": "First edition", "quantity": 19, "unit_price": "10.00"}],
        "total": "190.00",
        "tenders": [{"method": "card", "reference": "PAY-77:190.00:CNY", "amount": "190.00"}],
        "deliver_to": {
            "name": "Lin Xia",
            "phone": "+8613800138000",
            "province": "广东省",
            "city": "深圳市",
            "street": "1",
        },
    }
    sold = (await push(quick.api, "till", json.dumps(receipt).encode(), "pos")).json()["order_id"]
    try:
        await quick.until_event(sold, "sourcing.decided")
        await quick.cancel(sold)
        await quick.until_status(sold, "canceled")

        # then, once the store keeps nothing, the order that waits is sent
        assert (await quick.api.delete("/buffers/BOOKS-IN-STORES")).status_code == 200
        assert (await quick.api.delete("/buffers/BOOKS-IN-STORES")).status_code == 404
        await quick.until_status(order_id, "completed")
    finally:
        with quick.sessions.begin() as session:
            session.delete(session.get_one(ChannelAccountRow, "till"))
    quick.verify()
