"""Past orders enter as records: returns, reports and customers know them, and nothing works on them."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from rich.console import Console

from commands.import_file import Figures, import_file
from commands.import_sender import ApiRefuses
from commands.keys import create_key
from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body
from tests.workflows.test_returns import ask, until_case

CHANNEL = "shop"
TODAY = datetime.now(UTC).replace(microsecond=0)


def past(name: str, days: int = 3, **changes: Any) -> dict[str, Any]:
    """An order that was shipped and delivered `days` ago."""
    at = (TODAY - timedelta(days=days)).isoformat()
    parcel = {"carrier": "YTO", "waybill": f"YT-{name}", "shipped_at": at, "delivered_at": at}
    body = order_body(name, placed_at=(TODAY - timedelta(days=days + 2)).isoformat())
    body["lines"] = [line | {"channel_line_id": f"L{number}"} for number, line in enumerate(body["lines"], 1)]
    return body | {"modified_at": at, "paid": True, "shipped_elsewhere": [parcel]} | changes


def write(folder: Path, *orders: dict[str, Any]) -> Path:
    file = folder / "past.ndjson"
    file.write_text("\n".join(json.dumps(order) for order in orders))
    return file


def run_import(baton: Baton, file: Path, role: str = "staff", resume: bool = False) -> Figures:
    channel = CHANNEL if role == "channel" else None
    key = create_key(baton.sessions, f"history {uuid4().hex}", role, channel)
    with httpx2.Client(base_url=baton.api.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        quiet = Console(file=io.StringIO())
        rejects, side = file.with_name("rejects.csv"), file.with_name("side")
        return import_file(client, file, CHANNEL, "ndjson", rejects, side, resume, quiet, history=True)


async def shown(baton: Baton, name: str) -> dict[str, Any]:
    query = {"channel": CHANNEL, "channel_order_id": name}
    [found] = (await baton.api.get("/orders", params=query)).json()["items"]
    baton.placed[found["order_id"]] = name
    return await baton.show(found["order_id"])


async def test_past_orders_are_recorded_with_their_money_and_nothing_else_happens(quick: Baton, tmp_path: Path) -> None:
    # Given a delivered order, one of which a lamp was refunded, a canceled one, and one that is still to be sent
    refunded = past("H-REFUNDED", refunded="120.00")
    refunded["lines"][0] |= {"refunded_quantity": 1}
    canceled = past("H-CANCELED", canceled=True, shipped_elsewhere=[])
    open_ = past("H-OPEN", shipped_elsewhere=[])
    file = write(tmp_path, past("H-DELIVERED"), refunded, canceled, open_, {"channel_order_id": "H-BROKEN"})
    stock = list(quick.rows("SELECT sku, location_id, on_hand, reserved, allocated FROM stock ORDER BY 1, 2"))

    # When they are imported, twice
    first, second = run_import(quick, file), run_import(quick, file)

    # Then each is a record that has ended and is found, and the problems are listed with their rows
    by_waybill = (await quick.api.get("/orders", params={"q": "YT-H-DELIVERED"})).json()["items"]
    assert [one["channel_order_id"] for one in by_waybill] == ["H-DELIVERED"]
    assert (first.orders, second.orders) == ({"new": 3, "rejected": 2}, {"known before": 3, "rejected": 2})
    listed = file.with_name("rejects.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:2] for line in listed] == [["4", "lines"], ["5", "currency"]]
    orders = {name: await shown(quick, name) for name in ("H-DELIVERED", "H-REFUNDED", "H-CANCELED")}
    assert {name: (one["status"], one["payment_status"], one["past"]) for name, one in orders.items()} == {
        "H-DELIVERED": ("completed", "paid", True),
        "H-REFUNDED": ("completed", "partially_refunded", True),
        "H-CANCELED": ("canceled", "pending", True),
    }
    assert [line["elsewhere"] for line in orders["H-REFUNDED"]["lines"]] == [1, 1]
    assert orders["H-DELIVERED"]["fulfillment_status"] == "delivered"
    ids = [one["order_id"] for one in orders.values()]
    assert quick.rows("SELECT FROM messages WHERE order_id = ANY(:ids)", ids=ids) == []
    assert {row.type for row in quick.rows("SELECT type FROM order_events WHERE order_id = ANY(:ids)", ids=ids)} == {
        "order.recorded"
    }
    assert stock == list(quick.rows("SELECT sku, location_id, on_hand, reserved, allocated FROM stock ORDER BY 1, 2"))
    quick.verify()


async def test_a_past_order_comes_back_within_its_window_and_an_older_one_does_not(
    quick: Baton, tmp_path: Path
) -> None:
    run_import(quick, write(tmp_path, past("H-RECENT"), past("H-OLD", days=60)))
    recent, old = await shown(quick, "H-RECENT"), await shown(quick, "H-OLD")

    await ask(quick, recent["order_id"], "H-1", line_1=1)
    await ask(quick, old["order_id"], "H-2", line_1=1)

    await until_case(quick, recent["order_id"], "H-1", "closed")
    late = await until_case(quick, old["order_id"], "H-2", "rejected")
    order = await quick.show(recent["order_id"])
    assert [one["amount"] for one in order["payments"] if one["kind"] == "refunded"] == ["120.00"]
    assert "days after" in late["refusal"]
    quick.verify()


async def test_later_news_of_a_past_order_change_only_its_refunds(silent: Baton, tmp_path: Path) -> None:
    # Given a past order
    open_account(silent.sessions, CHANNEL)
    body = past("H-NEWS")
    run_import(silent, write(tmp_path, body))
    before = await shown(silent, "H-NEWS")

    # When the channel pushes it again with another address and a refund, twice, and then cancels it
    moved = body["ship_to"] | {"city": "苏州市"}
    later = body | {"modified_at": TODAY.isoformat(), "ship_to": moved, "refunded": "80.00"}
    later["lines"] = [later["lines"][0], later["lines"][1] | {"refunded_quantity": 1}]
    for kind in ("updated", "updated", "canceled"):
        news = {"type": f"order.{kind}", "data": later}
        answer = await push(silent.api, CHANNEL, json.dumps(news).encode())
        assert answer.json()["order_id"] == before["order_id"]
    [answered] = await silent.until_event(before["order_id"], "order.cancel_answered")

    # Then the refund is booked once, and the cancel is refused
    order = await silent.show(before["order_id"])
    refused = await silent.cancel(before["order_id"])
    assert [one["amount"] for one in order["payments"] if one["kind"] == "refunded"] == ["80.00"]
    assert [(line["elsewhere"], line["canceled"]) for line in order["lines"]] == [(2, 0), (0, 1)]
    assert (order["ship_to"], order["status"]) == (before["ship_to"], "completed")
    assert answered["data"]["answer"] == "ended"
    assert (refused.status_code, "of the past" in refused.json()["detail"]) == (409, True)
    silent.verify()


async def test_past_orders_need_a_right_of_their_own(silent: Baton, tmp_path: Path) -> None:
    with pytest.raises(ApiRefuses, match="403"):
        run_import(silent, write(tmp_path, past("H-RIGHT")), role="channel")


async def test_a_payment_of_another_order_pays_for_no_past_one(silent: Baton, tmp_path: Path) -> None:
    shared = {"reference": "H-ONE-PAYMENT", "method": "wechat"}

    run_import(silent, write(tmp_path, past("H-PAYS", payment=shared), past("H-PAYS-TOO", payment=shared)))

    sql = "SELECT DISTINCT gateway_reference FROM money_movements WHERE gateway_reference ~ 'H-(ONE|PAYS)' ORDER BY 1"
    assert [row.gateway_reference for row in silent.rows(sql)] == ["H-ONE-PAYMENT", "shop:H-PAYS-TOO"]
    silent.verify()
