"""What is done about a line that is short: by the channel's policy, or by a person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from commands.channels import save_account
from models.goods import ProductSubstituteRow
from models.stock import ProductRow
from tests.baton import Baton

SOON = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()


def rare(baton: Baton) -> str:
    """A product of which there is nothing."""
    sku = f"RARE-CELLO-{uuid4().hex[:8].upper()}"
    with baton.sessions.begin() as session:
        session.add(ProductRow(sku=sku, title="Cello"))
    return sku


async def short(baton: Baton, sku: str, lamps: int = 1, **changes: Any) -> str:
    """An order of two of the rare goods and a few lamps that waits for the former."""
    lines = [(sku, 2, "900.00"), *([("ELEGANT-LAMP", lamps, "120.00")] if lamps else [])]
    order_id = await baton.order("SHORT", lines=lines, **changes)
    await baton.until(order_id, lambda order: bool(order["shortages"]) and bool(order["shortages"][0]["proposals"]))
    return order_id


async def decide(baton: Baton, order_id: str, action: str, **body: str) -> httpx2.Response:
    return await baton.api.post(f"/orders/{order_id}/shortage", json={"action": action, **body})


async def receive(baton: Baton, sku: str, units: int) -> None:
    receipt = {"receipt_id": f"R-{sku}", "location_id": "SHANGHAI", "lines": [{"sku": sku, "quantity": units}]}
    await baton.simulators.post("/erp/receipts", json=receipt)


def refunded(order: dict[str, Any]) -> list[str]:
    return [payment["amount"] for payment in order["payments"] if payment["kind"] == "refunded"]


async def test_goods_lost_while_the_order_waits_for_others_are_sourced_at_once(silent: Baton) -> None:
    # given
    sku = rare(silent)
    order_id = await short(silent, sku, lamps=2)
    await decide(silent, order_id, "split")
    work = (await silent.until_fulfillment(order_id, "released"))["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.until_page_says(order_id, "waits for 2 units")

    # when
    await silent.pick_and_pack(work, ELEGANT_LAMP=1)
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)

    # then
    assert [line["quantity"] for line in order["fulfillment_orders"][1]["lines"]] == [1]
    await silent.cancel(order_id)


async def test_a_customer_who_wants_separate_parcels_gets_available_goods_at_once(silent: Baton) -> None:
    # given
    sku = rare(silent)

    # when
    order_id = await short(silent, sku, remarks="有货的先发")
    order = await silent.until_fulfillment(order_id, "released")

    # then
    assert [line["sku"] for line in order["fulfillment_orders"][0]["lines"]] == ["ELEGANT-LAMP"]
    assert [line["progress"]["short"] for line in order["lines"]] == [2, 0]
    await silent.cancel(order_id)


async def test_a_waiting_order_shows_its_options_and_when_the_goods_arrive(silent: Baton) -> None:
    sku = rare(silent)
    order_id = await short(silent, sku)
    purchase = {"purchase_order_id": f"PO-{sku}", "revision": 1, "location_id": "SHANGHAI"}

    lines = [{"sku": sku, "quantity": 5, "due_on": SOON}]
    await silent.simulators.post("/erp/purchase-orders", json=purchase | {"lines": lines})

    order = await silent.until(order_id, lambda order: order["shortages"][0]["promised_on"] is not None)
    await silent.until_page_says(order_id, f"waits for 2 units, promised {SOON}")
    [line] = order["shortages"]
    assert (line["sku"], line["quantity"], line["wanted"], line["promised_on"]) == (sku, 2, 2, SOON)
    assert [proposal["action"] for proposal in line["proposals"]] == ["split", "wait", "cancel_line"]
    shown = (await silent.api.get(f"/purchase-orders/PO-{sku}")).json()
    assert shown["lines"] == [{"sku": sku, "due_on": SOON, "quantity": 5, "received": 0}]
    assert (await silent.cancel(order_id)).json()["answer"] == "done"


async def test_a_person_has_the_rest_sent_at_once_and_the_missing_goods_follow(quick: Baton) -> None:
    sku = rare(quick)
    order_id = await short(quick, sku)

    assert (await decide(quick, order_id, "split")).status_code == 200
    await quick.until_fulfillment(order_id, "delivered")
    before = await quick.show(order_id)
    await receive(quick, sku, 2)

    order = await quick.until_status(order_id, "completed")
    assert before["status"] == "in_progress"
    assert [work["lines"][0]["sku"] for work in order["fulfillment_orders"]] == ["ELEGANT-LAMP", sku]
    assert (order["shortages"], refunded(order)) == ([], [])
    quick.verify()


async def test_a_canceled_line_is_paid_back_once_and_the_rest_is_sent(quick: Baton) -> None:
    sku = rare(quick)
    order_id = await short(quick, sku)

    answers = [await decide(quick, order_id, "cancel_line", sku=sku) for _ in range(2)]

    order = await quick.until_status(order_id, "completed")
    assert answers[0].status_code == 200
    assert refunded(order) == ["1800.00"]
    assert [(line["sku"], line["canceled"]) for line in order["lines"]] == [(sku, 2), ("ELEGANT-LAMP", 0)]
    assert order["attention"] is None
    quick.verify()


async def test_canceling_all_short_lines_ends_the_order_and_refunds_the_shipping(quick: Baton) -> None:
    order_id = await short(quick, rare(quick), lamps=0)

    assert (await decide(quick, order_id, "cancel_line")).status_code == 200

    order = await quick.until_status(order_id, "canceled")
    assert refunded(order) == ["1810.00"]
    quick.verify()


async def test_a_substitute_takes_the_place_of_what_is_short_at_its_price(quick: Baton) -> None:
    sku, viola = rare(quick), rare(quick)
    with quick.sessions.begin() as session:
        session.add(ProductSubstituteRow(sku=sku, substitute_sku=viola, rank=1))
    await receive(quick, viola, 9)
    order_id = await short(quick, sku)

    refused = await decide(quick, order_id, "substitute", sku=sku, substitute_sku="TEA-SET")
    done = await decide(quick, order_id, "substitute", sku=sku, substitute_sku=viola)

    order = await quick.until_status(order_id, "completed")
    assert (refused.status_code, done.status_code) == (409, 200)
    line = order["lines"][0]
    assert (line["sku"], line["substitute_for"], line["unit_price"]) == (viola, sku, "900.00")
    assert refunded(order) == []
    quick.verify()


async def test_stock_of_a_canceled_order_goes_to_the_longest_waiting_order(silent: Baton) -> None:
    sku = rare(silent)
    await receive(silent, sku, 2)
    lucky = await silent.order("LUCKY", lines=[(sku, 2, "900.00")])
    await silent.until_fulfillment(lucky, "released")
    first = await short(silent, sku, lamps=0)
    second = await short(silent, sku, lamps=0)

    assert (await silent.cancel(lucky)).status_code in (200, 202)

    order = await silent.until_fulfillment(first, "released")
    assert order["shortages"] == []
    assert len((await silent.show(second))["shortages"]) == 1


async def test_a_decision_about_an_order_that_is_not_short_is_refused(silent: Baton) -> None:
    order_id = await silent.order("ENOUGH")
    await silent.until_fulfillment(order_id, "released")

    answer = await decide(silent, order_id, "split")

    assert (answer.status_code, answer.json()["detail"]) == (409, "the order waits for no stock")


async def test_an_unknown_decision_is_refused_by_name(silent: Baton) -> None:
    answer = await decide(silent, "ANY", "substitute", sku="ELEGANT-LAMP")

    assert answer.status_code == 422


async def test_a_channels_policy_splits_or_cancels_without_a_person(quick: Baton) -> None:
    orders = {}
    for policy in ("split", "cancel_line"):
        channel, sku = f"by-{policy.replace('_', '-')}", rare(quick)
        save_account(quick.sessions, channel, "plain", "a secret of the tests", {"when_short": policy})
        lines = [(sku, 2, "900.00"), ("ELEGANT-LAMP", 1, "120.00")]
        orders[policy] = await quick.order("POLICY", channel=channel, lines=lines)

    canceled = await quick.until_status(orders["cancel_line"], "completed")
    split = await quick.until_fulfillment(orders["split"], "delivered")

    assert refunded(canceled) == ["1800.00"]
    assert (split["status"], len(split["shortages"])) == ("in_progress", 1)
    [decided] = await quick.until_event(orders["split"], "shortage.decided")
    assert (decided["actor"], decided["data"]["action"]) == ("policy of the channel", "split")
    quick.verify()


async def test_a_channels_policy_ask_alerts_a_person_until_one_decides(silent: Baton) -> None:
    save_account(silent.sessions, "asking", "plain", "a secret of the tests", {"when_short": "ask"})
    order_id = await short(silent, rare(silent), channel="asking")
    called = await silent.until(order_id, lambda order: order["attention"] is not None)

    assert (await decide(silent, order_id, "wait")).status_code == 200

    order = await silent.until(order_id, lambda order: order["attention"] is None)
    assert "2 units are short" in called["attention"]
    assert len(order["shortages"]) == 1
    [decided] = await silent.until_event(order_id, "shortage.decided")
    assert decided["data"]["action"] == "wait"
