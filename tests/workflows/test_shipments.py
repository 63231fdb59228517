"""A packed parcel: its label, a new waybill before it ships, and pushes in the carriers' own formats."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx2
import pytest
import zxingcpp
from PIL import Image

from record.messages.partner_events import EventWriter, NewEvent
from simulators.carriers import waybill as waybill_of
from tests.baton import Baton


async def packed(baton: Baton, name: str = "", **changes: Any) -> dict[str, Any]:
    """An order whose parcel has a waybill and waits for its carrier."""
    order_id = await baton.order(name, **changes)
    order = await baton.until_fulfillment(order_id, "released")
    await baton.pick_and_pack(order["fulfillment_orders"][0]["fulfillment_order_id"], ELEGANT_LAMP=2, TEA_SET=1)
    return await baton.until(order_id, lambda order: bool(order["shipments"]))


async def shipment_of(baton: Baton, order: dict[str, Any]) -> dict[str, Any]:
    answer = await baton.api.get(order["shipments"][0]["link"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def push(baton: Baton, waybill: str, status: str, at: str = "", **fields: str) -> None:
    """Store a push of Kuaidi100 about a waybill."""
    when = at or datetime.now(UTC).isoformat()
    data = {"waybill": waybill, "carrier": "SF Express", "status": status, "occurred_at": when, "note": "", **fields}
    EventWriter(baton.sessions)([NewEvent("kuaidi100", f"{waybill}:{status}:{at}", "waybill.tracked", waybill, data)])


def barcodes(image: bytes) -> dict[str, str]:
    with Image.open(BytesIO(image)) as label:
        return {code.content_type.name: code.text for code in zxingcpp.read_barcodes(label.convert("L"))}


async def test_a_label_has_both_numbers_and_no_name_and_its_shipment_shows_why_this_carrier(silent: Baton) -> None:
    # Given
    order = await packed(silent)

    # When
    shipment = await shipment_of(silent, order)
    printed = await silent.api.get(shipment["links"]["label"])
    unknown = await silent.api.get(f"{order['shipments'][0]['link']}/label", params={"parcel": 2})

    # Then
    [parcel] = shipment["parcels"]
    assert printed.headers["content-type"] == "image/png"
    with Image.open(BytesIO(printed.content)) as label:
        assert label.size == (799, 1199)
    assert barcodes(printed.content) == {"Text": shipment["waybill"], "GS1": f"(00){parcel['sscc']}"}
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "parcel")
    assert (shipment["order_ids"], parcel["weight_grams"]) == ([order["order_id"]], 500)
    assert (shipment["cost_estimate"]["currency"], shipment["offers"][0]["carrier"]) == ("CNY", shipment["carrier"])


async def test_a_second_print_needs_a_reason_and_each_is_logged(silent: Baton) -> None:
    order = await packed(silent)
    link = f"{order['shipments'][0]['link']}/label"

    answers = [await silent.api.get(link, params=params) for params in ({}, {}, {"reason": "torn", "format": "pdf"})]

    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert answers[1].json()["errors"][0]["field"] == "reason"
    assert answers[2].content.startswith(b"%PDF")
    first, second = await silent.until_event(order["order_id"], "shipment.label_printed", times=2)
    assert (first["data"]["print"], second["data"]["print"]) == (1, 2)
    assert (second["actor"], second["data"]["reason"]) == ("Sun of support", "torn")
    assert (await shipment_of(silent, order))["label_prints"] == 2


async def test_a_voided_waybill_is_followed_by_another(silent: Baton) -> None:
    # Given
    order = await packed(silent)
    [before] = order["shipments"]

    # When
    answer = await silent.api.post(f"{before['link']}/void", json={"reason": "the label does not stick"})

    # Then
    assert (answer.status_code, answer.json()["answer"]) == (200, "done")
    order = await silent.until(
        order["order_id"],
        lambda seen: bool(seen["shipments"]) and seen["shipments"][0]["shipment_id"] != before["shipment_id"],
    )
    assert order["shipments"][0]["waybill"] != before["waybill"]
    [voided] = await silent.until_event(order["order_id"], "shipment.voided")
    assert (voided["actor"], voided["data"]["reason"]) == ("Sun of support", "the label does not stick")
    assert (await silent.api.get(f"{before['link']}/label")).status_code == 409
    assert (await silent.api.post(f"{before['link']}/void", json={"reason": "again"})).status_code == 409
    await silent.track(order, "delivered")
    await silent.until_status(order["order_id"], "completed")
    silent.verify()


async def test_a_shipped_parcel_keeps_its_waybill(silent: Baton) -> None:
    order = await packed(silent)
    await silent.track(order, "in_transit")
    await silent.until_fulfillment(order["order_id"], "shipped")

    answer = await silent.api.post(f"{order['shipments'][0]['link']}/void", json={"reason": "too late"})

    assert answer.status_code == 409


async def test_pushes_by_waybill_move_the_order_whatever_their_sequence(silent: Baton) -> None:
    # Given
    order = await packed(silent)
    waybill = order["shipments"][0]["waybill"]

    # When they come late, twice, and in the wrong sequence
    for status, hour in (("out_for_delivery", 12), ("in_transit", 9), ("out_for_delivery", 12), ("delivered", 15)):
        push(silent, waybill, status, f"2026-11-22T{hour:02}:00:00+08:00")
    push(silent, waybill, "in_transit", "2026-11-22T15:30:00+08:00")

    # Then
    order = await silent.until_status(order["order_id"], "completed")
    shipment = await shipment_of(silent, order)
    assert shipment["tracking_status"] == "delivered"
    assert [one["status"] for one in shipment["tracking"]][:3] == ["in_transit", "out_for_delivery", "delivered"]
    assert {one["source"] for one in shipment["tracking"]} == {"kuaidi100"}
    silent.verify()


async def test_a_wrong_report_of_a_carrier_is_corrected_and_logged(silent: Baton) -> None:
    order = await packed(silent)
    [before] = order["shipments"]

    push(silent, before["waybill"], "in_transit", carrier="YTO Express", formerly=before["carrier"])

    [corrected] = await silent.until_event(order["order_id"], "shipment.carrier_corrected")
    assert (corrected["data"]["before"], corrected["data"]["carrier"]) == (before["carrier"], "YTO Express")
    assert (await shipment_of(silent, order))["carrier"] == "YTO Express"


async def test_a_push_that_comes_before_its_booking_waits_for_it(silent: Baton) -> None:
    # Given a push for a waybill that the next order will have
    order_id = await silent.order("EARLY")
    order = await silent.until_fulfillment(order_id, "released")
    work = order["fulfillment_orders"][0]["fulfillment_order_id"]
    carrier = (await packed(silent))["shipments"][0]["carrier"]
    push(silent, waybill_of(f"{work}-S1", carrier), "delivered")

    # When
    await silent.pick_and_pack(work, ELEGANT_LAMP=2, TEA_SET=1)

    # Then
    await silent.until_status(order_id, "completed")


@pytest.mark.parametrize("path", ["/shipments/NONE", "/shipments/NONE/label"])
async def test_an_unknown_shipment_is_not_found(silent: Baton, path: str) -> None:
    answer: httpx2.Response = await silent.api.get(path)
    assert answer.status_code == 404
