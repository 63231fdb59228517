"""Whatever happens to a parcel on the road ends in a defined state or alerts a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowHandle

from commands.seed import SHOP, stock_shop
from models.parameters import ParameterRow
from tests.baton import Baton, eventually
from tests.workflows.test_cancel import LINES

ALWAYS = datetime(2001, 1, 1, tzinfo=UTC)
POLICIES = {"*": "ask", "reshipping": "reship", "refunding": "refund"}
MOMENT = timedelta(minutes=1)


@pytest.fixture(scope="module", autouse=True)
def policies(silent: Baton) -> None:
    """Three channels: one that asks, one that sends again and one that pays back."""
    with silent.sessions.begin() as session:
        for name in ("parcel_lost", "parcel_refused"):
            row = {"name": name, "value": POLICIES, "valid_from": ALWAYS, "source": "a test", "set_by": "a test"}
            session.add(ParameterRow(**row))


async def on_the_road(
    baton: Baton, name: str, channel: str = "shop", price: str = "120.00", **units: int
) -> dict[str, Any]:
    """An order whose parcel is on the road: two lamps and a tea set, or `units` of something else."""
    units = units or LINES
    prices = {"ELEGANT_LAMP": price, "TEA_SET": "80.00"}
    lines = [(sku.replace("_", "-"), number, prices.get(sku, "900.00")) for sku, number in units.items()]
    order_id = await baton.order(name, channel=channel, lines=lines)
    order = await baton.until_fulfillment(order_id, "released")
    await baton.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], **units)
    order = await baton.until(order_id, lambda order: bool(order["shipments"]))
    await baton.track(order, "in_transit")
    return await baton.until_fulfillment(order_id, "shipped")


async def alerts(baton: Baton, order: dict[str, Any], times: int = 1) -> list[str]:
    """Return the codes of the order's alerts, once it has that many."""
    raised = await baton.until_event(order["order_id"], "alert.raised", times)
    return [alert["data"]["code"] for alert in raised]


async def claim(baton: Baton, order: dict[str, Any]) -> dict[str, Any]:
    answer = await baton.api.get("/carrier-claims", params={"limit": 200})
    return next(one for one in answer.json()["items"] if one["order_id"] == order["order_id"])


async def decide(baton: Baton, order: dict[str, Any], action: str) -> int:
    answer = await baton.api.post(f"/orders/{order['order_id']}/parcel", json={"action": action})
    return answer.status_code


async def deliver_second(baton: Baton, order_id: str) -> dict[str, Any]:
    """The second fulfillment order is picked, packed, collected and delivered."""
    order = await baton.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)
    second = order["fulfillment_orders"][1]["fulfillment_order_id"]
    await baton.until(order_id, lambda order: order["fulfillment_orders"][1]["status"] == "released")
    await baton.pick_and_pack(second, **LINES)
    order = await baton.until(order_id, lambda order: len(order["shipments"]) == 2)
    for status in ("in_transit", "delivered"):
        await baton.track({"shipments": order["shipments"][1:]}, status)
    return await baton.until_status(order_id, "completed")


async def test_after_three_failed_attempts_a_person_is_alerted_and_each_is_announced(silent: Baton) -> None:
    # Given
    order = await on_the_road(silent, "NOBODYHOME")

    # When nobody is there three times, and the carrier says the last one twice
    for _ in range(3):
        await silent.track(order, "failed_attempt")

    # Then a person is called until it is delivered after all
    assert await alerts(silent, order) == ["ATTEMPTS_FAILED"]
    sent = silent.rows(
        "SELECT 1 FROM messages WHERE order_id = :id AND milestone = 'delivery_attempted' AND recipient = 'inbox'",
        id=order["order_id"],
    )
    assert len(sent) == 3
    await silent.track(order, "delivered")
    assert (await silent.until_status(order["order_id"], "completed"))["attention"] is None


async def test_a_lost_parcel_is_claimed_and_sent_again_when_a_person_says_so(silent: Baton) -> None:
    # Given
    order = await on_the_road(silent, "LOSTASK")
    await silent.track(order, "exception", code="lost")
    assert await alerts(silent, order) == ["PARCEL_LOST"]

    # When
    status = await decide(silent, order, "reship")

    # Then new stock is taken for it, and the customer gets it
    assert status == 200
    done = await deliver_second(silent, order["order_id"])
    assert [part["status"] for part in done["fulfillment_orders"]] == ["canceled", "delivered"]
    assert (done["payment_status"], done["attention"]) == ("paid", None)
    assert (await claim(silent, order))["remedy"] == "reship"
    silent.verify()


async def test_the_claim_is_what_was_paid_for_the_goods_and_its_payment_is_recorded_once(silent: Baton) -> None:
    # Given a claim
    order = await on_the_road(silent, "CLAIMED")
    await silent.track(order, "exception", code="damaged")
    assert await alerts(silent, order) == ["PARCEL_DAMAGED"]
    await silent.until_page_says(order["order_id"], "is damaged: reship, refund or wait")
    made = await claim(silent, order)
    assert (made["kind"], made["amount"], made["status"]) == ("damaged", "320.00", "open")

    # When the carrier pays
    close = f"/carrier-claims/{made['claim_id']}/close"
    answers = [await silent.api.post(close, json={"status": status}) for status in ("paid", "paid", "refused")]

    # Then
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert (await claim(silent, order))["status"] == "paid"


async def test_a_lost_parcel_is_sent_again_where_the_channel_wants_it(silent: Baton) -> None:
    order = await on_the_road(silent, "LOSTAGAIN", "reshipping")

    await silent.track(order, "exception", code="lost")

    done = await deliver_second(silent, order["order_id"])
    assert (await claim(silent, order))["decided_by"] == "policy of the channel"
    assert [event["data"]["code"] for event in await silent.events(order["order_id"]) if "alert" in event["type"]] == []
    assert done["payment_status"] == "paid"
    silent.verify()


async def test_a_damaged_parcel_is_paid_back_where_the_channel_wants_it(silent: Baton) -> None:
    order = await on_the_road(silent, "DAMAGED", "refunding")

    await silent.track(order, "exception", code="damaged")

    ended = await silent.until_status(order["order_id"], "canceled")
    assert (ended["payment_status"], (await claim(silent, order))["remedy"]) == ("refunded", "refund")
    silent.verify()


async def test_a_reship_without_stock_waits_before_anything_is_promised(silent: Baton) -> None:
    # Given the only harp
    with silent.sessions.begin() as session:
        stock_shop(session, replace(SHOP, products={"RARE-HARP": "Harp"}, stock={("RARE-HARP", "GUANGZHOU"): 1}))
    order = await on_the_road(silent, "ONLYHARP", "reshipping", RARE_HARP=1)

    # When
    await silent.track(order, "exception", code="lost")

    # Then nothing is sent, and the order waits with a deadline until there is another one
    await silent.until_event(order["order_id"], "sourcing.failed")
    await silent.until_page_says(order["order_id"], "waits for 1 units", "reshipping")
    assert len((await silent.show(order["order_id"]))["fulfillment_orders"]) == 1
    await silent.cancel(order["order_id"])
    assert (await silent.until_status(order["order_id"], "canceled"))["payment_status"] == "refunded"


async def test_a_parcel_without_news_for_days_counts_as_lost(silent: Baton) -> None:
    # Given
    order = await on_the_road(silent, "SILENCE")

    # When
    await silent.fast_forward(silent.workflow(order["order_id"]), timedelta(days=5) + MOMENT)

    # Then
    assert (await alerts(silent, order, 2))[:2] == ["PARCEL_SILENT", "PARCEL_LOST"]
    assert (await claim(silent, order))["kind"] == "silent"


async def test_quiet_news_keep_a_parcel_from_counting_as_lost_and_wake_nobody(silent: Baton) -> None:
    # Given a parcel that the carrier has reported on again, a moment and four days after its handover
    order = await on_the_road(silent, "NEWS")
    handle = silent.workflow(order["order_id"])
    before = await count_in_history(handle, b"progressed")
    await silent.track(order, "out_for_delivery")
    await silent.until_event(order["order_id"], "shipment.tracking_updated", 2)
    repeat_news(silent, order["order_id"], days=4)
    assert await count_in_history(handle, b"progressed") == before

    # When five days have passed since the first report, then the order looks into the record and waits on
    await silent.fast_forward(handle, timedelta(days=5) + MOMENT)
    await eventually(lambda: count_in_history(handle, b"look for news of"), lambda looks: looks == 1)
    assert (await silent.show(order["order_id"]))["attention"] is None

    # When there are no more news for five days, then it counts as lost, and is late besides
    await silent.fast_forward(handle, timedelta(days=4) + MOMENT)
    assert {"PARCEL_SILENT", "PARCEL_LOST"} <= set(await alerts(silent, order, 3))


def repeat_news(baton: Baton, order_id: str, days: int) -> None:
    """Write the carrier's last report into the log again, as if it had come this many days later."""
    planted = """INSERT INTO order_events (order_id, type, key, actor, data, at)
        SELECT order_id, type, key || '-later', actor, data, at + :later FROM order_events
        WHERE order_id = :id AND type = 'shipment.tracking_updated' ORDER BY event_id DESC LIMIT 1"""
    with baton.sessions.begin() as session:
        session.execute(text(planted), {"id": order_id, "later": timedelta(days=days)})


async def count_in_history(handle: WorkflowHandle[Any, Any], words: bytes) -> int:
    """Count the events that have these words in them."""
    return sum(words in event.SerializeToString() for event in (await handle.fetch_history()).events)


async def test_a_person_who_waits_is_asked_again_after_more_silence(silent: Baton) -> None:
    order = await on_the_road(silent, "PATIENT")
    await silent.track(order, "exception", code="lost")
    await alerts(silent, order)

    assert await decide(silent, order, "wait") == 200
    await silent.until(order["order_id"], lambda order: order["attention"] is None)
    await silent.fast_forward(silent.workflow(order["order_id"]), timedelta(days=5) + MOMENT)

    raised = await alerts(silent, order, 2)
    assert "PARCEL_SILENT" in raised
    await silent.until(order["order_id"], lambda order: "reship, refund or wait" in (order["attention"] or ""))


async def test_an_undecided_parcel_alerts_again(silent: Baton) -> None:
    order = await on_the_road(silent, "UNDECIDED")
    await silent.track(order, "exception", code="lost")
    await alerts(silent, order)

    await silent.fast_forward(silent.workflow(order["order_id"]), silent.settings.deadlines.decision + MOMENT)

    assert await alerts(silent, order, 2) == ["PARCEL_LOST", "PARCEL_UNDECIDED"]


async def test_a_lost_parcel_that_is_delivered_after_all_is_not_claimed(silent: Baton) -> None:
    order = await on_the_road(silent, "FOUND")
    await silent.track(order, "exception", code="lost")
    await alerts(silent, order)

    await silent.track(order, "delivered")

    assert (await silent.until_status(order["order_id"], "completed"))["attention"] is None
    assert (await claim(silent, order))["status"] == "withdrawn"


async def test_a_given_up_parcel_that_comes_back_is_stock_again_and_alerts_a_person(silent: Baton) -> None:
    # Given
    order = await on_the_road(silent, "GIVENUP", "reshipping")
    await silent.track(order, "exception", code="lost")
    await silent.until(order["order_id"], lambda order: len(order["fulfillment_orders"]) == 2)

    # When
    first = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=first, location_id="GUANGZHOU")

    # Then
    assert await alerts(silent, order) == ["TURNED_UP"]
    assert (await claim(silent, order))["status"] == "withdrawn"
    silent.verify()


async def test_a_canceled_order_whose_parcel_is_lost_is_paid_back(silent: Baton) -> None:
    order = await on_the_road(silent, "CANCELLOST")
    await silent.track(order, "exception", code="lost")
    await alerts(silent, order)

    answer = (await silent.cancel(order["order_id"])).json()

    ended = await silent.until_status(order["order_id"], "canceled")
    assert (answer["answer"], ended["payment_status"]) == ("done", "refunded")
    silent.verify()


@pytest.mark.parametrize(("channel", "status"), [("refunding", "canceled"), ("reshipping", "completed")])
async def test_a_parcel_that_is_refused_comes_back_and_is_settled_as_the_channel_wants(
    silent: Baton, channel: str, status: str
) -> None:
    # Given
    order = await on_the_road(silent, "NOTHANKS", channel)
    await silent.track(order, "return_to_sender", code="refused")

    # When
    first = order["fulfillment_orders"][0]["fulfillment_order_id"]
    await silent.wms("fulfillment_order.returned", fulfillment_order_id=first, location_id="GUANGZHOU")

    # Then
    if status == "completed":
        await deliver_second(silent, order["order_id"])
    ended = await silent.until_status(order["order_id"], status)
    assert (ended["payment_status"], ended["holds"]) == ("refunded" if status == "canceled" else "paid", [])
    silent.verify()


async def test_a_refused_parcel_waits_for_a_person_where_the_channel_says_nothing(silent: Baton) -> None:
    order = await on_the_road(silent, "REFUSEDASK")
    await silent.track(order, "return_to_sender", code="refused")
    first = order["fulfillment_orders"][0]["fulfillment_order_id"]

    await silent.wms("fulfillment_order.returned", fulfillment_order_id=first, location_id="GUANGZHOU")

    held = await silent.until(order["order_id"], lambda order: bool(order["holds"]))
    assert [hold["code"] for hold in held["holds"]] == ["CAME_BACK"]
    await silent.cancel(order["order_id"])
    await silent.until_status(order["order_id"], "canceled")


@pytest.mark.parametrize(("price", "expected"), [("120.00", []), ("4000.00", ["NO_SIGNATURE"])])
async def test_an_expensive_parcel_without_a_signature_keeps_its_alert(
    silent: Baton, price: str, expected: list[str]
) -> None:
    order = await on_the_road(silent, "UNSIGNED", price=price)

    await silent.track(order, "delivered", signed=False)

    done = await silent.until_status(order["order_id"], "completed")
    assert (await alerts(silent, order) if expected else []) == expected
    assert bool(done["attention"]) == bool(expected)


async def test_a_parcel_on_the_road_is_redirected_to_another_address(silent: Baton) -> None:
    order = await on_the_road(silent, "MOVED")
    new = order["ship_to"] | {"lines": ["9 Orchid Road"]}

    answer = await silent.api.post(f"/orders/{order['order_id']}/address", json={"ship_to": new})

    assert answer.status_code == 200, answer.text
    shipment = order["shipments"][0]["shipment_id"]
    carrier = (await silent.simulators.get(f"/tms/shipments/{shipment}")).json()
    shown = await silent.show(order["order_id"])
    assert carrier["request"]["ship_to"]["lines"] == shown["ship_to"]["lines"] == ["9 Orchid Road"]
    assert silent.rows("SELECT 1 FROM address_corrections WHERE address <> '{}'") == []
    assert "Orchid" not in str(await silent.workflow(order["order_id"]).fetch_history())


async def test_a_decision_about_a_parcel_that_is_not_lost_and_a_redirection_that_is_refused_change_nothing(
    silent: Baton,
) -> None:
    order = await on_the_road(silent, "TOOLATE")
    assert await decide(silent, order, "reship") == 409
    shipment = order["shipments"][0]["shipment_id"]
    await silent.cancel(order["order_id"])
    new = order["ship_to"] | {"lines": ["9 Orchid Road"]}

    answer = await silent.api.post(f"/orders/{order['order_id']}/address", json={"ship_to": new})

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"the carrier does not change the way of {shipment}",
    )
    assert (await silent.show(order["order_id"]))["ship_to"]["lines"] == ["1 Lake Road"]


async def test_an_address_is_not_changed_while_nothing_is_on_the_road(silent: Baton) -> None:
    order_id = await silent.order("STILLHERE")
    order = await silent.until_fulfillment(order_id, "released")

    answer = await silent.api.post(f"/orders/{order_id}/address", json={"ship_to": order["ship_to"]})

    assert answer.status_code == 409
    assert silent.rows("SELECT 1 FROM address_corrections WHERE order_id = :id", id=order_id) == []
    await silent.cancel(order_id)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("FAILED-ATTEMPTS", "ATTEMPTS_FAILED"),
        ("DAMAGED-PARCEL", "PARCEL_DAMAGED"),
        ("LOST-PARCEL", "PARCEL_LOST"),
    ],
)
async def test_each_trouble_of_the_simulated_carriers_alerts_a_person(quick: Baton, trouble: str, code: str) -> None:
    order_id = await quick.order(trouble)

    raised = await quick.until_event(order_id, "alert.raised")

    assert raised[0]["data"]["code"] == code


async def test_a_simulated_parcel_that_is_refused_alerts_a_person_and_is_held_when_it_is_back(quick: Baton) -> None:
    order_id = await quick.order("REFUSED-BY-RECEIVER")

    raised = await quick.until_event(order_id, "alert.raised")
    assert raised[0]["data"]["code"] == "PARCEL_TROUBLE"
    held = await quick.until(order_id, lambda order: bool(order["holds"]))

    assert held["holds"][0]["code"] == "CAME_BACK"
    await quick.cancel(order_id)
    assert (await quick.until_status(order_id, "canceled"))["payment_status"] == "refunded"
    quick.verify()
