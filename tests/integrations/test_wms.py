"""The warehouse client against the simulated warehouse."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from domain.errors import PickRefused
from integrations.http import Line, PartnerHttp
from integrations.tms import BookingRequest, Tms
from integrations.wms import PickRequest, RecallResult, ReturnNotice, Wms
from tests.integrations.servers import CUSTOMER, UNHURRIED_STEP_SECONDS, Event, Receiver

CARTON = {"length_mm": 400, "width_mm": 300, "height_mm": 250, "packaging": "carton"}
TWO_LAMPS = [Line(sku="ELEGANT-LAMP", quantity=2)]


def work(number: str, lines: list[Line] = TWO_LAMPS, location: str = "HANGZHOU", **changes: Any) -> PickRequest:
    request = PickRequest(
        fulfillment_order_id=number,
        order_id=f"ORDER-OF-{number}",
        channel="tmall",
        channel_order_id=f"TM-{number}",
        location_id=location,
        lines=lines,
        ship_to=CUSTOMER,
    )
    return {**request, **changes}  # type: ignore[typeddict-item]


def names(events: list[Event]) -> list[str]:
    return [event.type.partition(".")[2] for event in events]


def test_work_is_picked_and_packed(wms: Wms, receiver: Receiver) -> None:
    # given / when
    reference = wms.pick(work("FO-PLAIN"), "FO-PLAIN:pick")

    # then
    picking, picked, packed = receiver.wait_for("FO-PLAIN", 3)
    assert reference == "WMS-FO-PLAIN"
    assert names([picking, picked, packed]) == ["picking", "picked", "packed"]
    assert picked.data["lines"] == TWO_LAMPS
    assert packed.data["parcels"] == [CARTON | {"weight_grams": 800, "lines": TWO_LAMPS}]


def test_the_same_key_gets_the_same_answer_and_starts_nothing_new(
    wms: Wms, receiver: Receiver, ask: httpx2.Client
) -> None:
    # given
    first = wms.pick(work("FO-TWICE"), "FO-TWICE:pick")
    receiver.wait_for("FO-TWICE", 3)

    # when
    again = wms.pick(work("FO-TWICE"), "FO-TWICE:pick")
    receiver.wait_for_silence()

    # then
    assert again == first
    assert len(receiver.about("FO-TWICE")) == 3
    assert ask.get("/wms/fulfillment-orders/FO-TWICE").json()["times_asked"] == 2


def test_an_id_may_contain_slashes_and_chinese(wms: Wms, ask: httpx2.Client) -> None:
    # given
    number = "order/天猫/100%:1"

    # when
    wms.pick(work(number), f"{number}:pick")
    result = wms.recall(number, "the customer canceled", f"{number}:recall")

    # then
    assert result is RecallResult.RECALLED
    assert ask.get("/wms/fulfillment-orders/order%2F天猫%2F100%25:1").json()["status"] == "recalled"


def test_a_malformed_body_is_refused_by_field(wms: Wms) -> None:
    # given
    nothing = [Line(sku="ELEGANT-LAMP", quantity=0)]

    # when
    with pytest.raises(PickRefused) as refused:
        wms.pick(work("FO-NOTHING", nothing), "FO-NOTHING:pick")

    # then
    assert refused.value.code == "invalid_body"
    assert refused.value.detail == "lines[0].quantity must be a whole number above zero"


def test_recalled_work_is_not_packed(unhurried: Callable[[str], PartnerHttp], receiver: Receiver) -> None:
    # given
    wms = Wms(unhurried("wms"))
    wms.pick(work("FO-RECALLED"), "FO-RECALLED:pick")

    # when
    result = wms.recall("FO-RECALLED", "the customer canceled", "FO-RECALLED:recall")
    receiver.wait_for_silence(UNHURRIED_STEP_SECONDS)

    # then
    assert result is RecallResult.RECALLED
    assert "packed" not in names(receiver.about("FO-RECALLED"))


def test_packed_work_can_be_recalled_until_the_carrier_takes_it(wms: Wms, receiver: Receiver) -> None:
    # given
    wms.pick(work("FO-PACKED"), "FO-PACKED:pick")
    receiver.wait_for("FO-PACKED", 3)

    # when
    result = wms.recall("FO-PACKED", "the customer canceled", "FO-PACKED:recall")

    # then
    assert result is RecallResult.RECALLED


def test_a_recall_after_the_handover_is_too_late(wms: Wms, tms: Tms, receiver: Receiver) -> None:
    # given
    picked = work("FO-GONE")
    wms.pick(picked, "FO-GONE:pick")
    receiver.wait_for("FO-GONE", 3)
    booking = BookingRequest(
        shipment_id="SHP-GONE",
        fulfillment_order_id="FO-GONE",
        fulfillment_order_ids=["FO-GONE"],
        order_id=picked["order_id"],
        channel_order_id=picked["channel_order_id"],
        origin={"location_id": "HANGZHOU", "country": "CN", "region": "Zhejiang"},
        ship_to=CUSTOMER,
        lines=TWO_LAMPS,
        parcels=[{"weight_grams": 800}],
    )
    tms.book(booking, "SHP-GONE:book")
    receiver.wait_for("SHP-GONE", 1)

    # when
    result = wms.recall("FO-GONE", "the customer canceled", "FO-GONE:recall")

    # then
    assert result is RecallResult.TOO_LATE


def test_a_pick_that_arrives_after_its_recall_is_refused(wms: Wms, receiver: Receiver) -> None:
    # given
    result = wms.recall("FO-LATE", "the customer canceled", "FO-LATE:recall")

    # when
    with pytest.raises(PickRefused) as refused:
        wms.pick(work("FO-LATE"), "FO-LATE:pick")
    receiver.wait_for_silence()

    # then
    assert result is RecallResult.RECALLED
    assert refused.value.code == "pick_rejected"
    assert receiver.about("FO-LATE") == []


def test_a_short_pick_finds_one_unit_less_the_first_time(wms: Wms, receiver: Receiver) -> None:
    # given
    lines = [Line(sku="ELEGANT-LAMP", quantity=2), Line(sku="SHORT-PICK-CHAIR", quantity=3)]
    wms.pick(work("FO-SHORT-1", lines, order_id="ORDER-SHORT"), "FO-SHORT-1:pick")
    first = receiver.wait_for("FO-SHORT-1", 3)[1]

    # when
    rest = [Line(sku="SHORT-PICK-CHAIR", quantity=1)]
    wms.pick(work("FO-SHORT-2", rest, "NINGBO", order_id="ORDER-SHORT"), "FO-SHORT-2:pick")
    second = receiver.wait_for("FO-SHORT-2", 3)[1]

    # then
    assert [line["quantity"] for line in first.data["lines"]] == [2, 2]
    assert [line["quantity"] for line in second.data["lines"]] == [1]


def test_without_any_units_found_nothing_is_packed(wms: Wms, receiver: Receiver) -> None:
    # given
    one_chair = [Line(sku="SHORT-PICK-CHAIR", quantity=1)]

    # when
    wms.pick(work("FO-EMPTY", one_chair), "FO-EMPTY:pick")
    receiver.wait_for("FO-EMPTY", 2)
    receiver.wait_for_silence()

    # then
    assert names(receiver.about("FO-EMPTY")) == ["picking", "picked"]
    assert receiver.about("FO-EMPTY")[1].data["lines"] == [{"sku": "SHORT-PICK-CHAIR", "quantity": 0}]


def test_the_first_location_rejects_and_the_next_one_picks(wms: Wms, receiver: Receiver) -> None:
    # given
    order: dict[str, Any] = {"order_id": "ORDER-REJECTED", "channel_order_id": "TM-PICK-REJECTED-1"}
    wms.pick(work("FO-REJECTED-1", **order), "FO-REJECTED-1:pick")
    rejected = receiver.wait_for("FO-REJECTED-1", 1)

    # when
    wms.pick(work("FO-REJECTED-2", location="NINGBO", **order), "FO-REJECTED-2:pick")
    picked = receiver.wait_for("FO-REJECTED-2", 3)

    # then
    assert names(rejected) == ["rejected"]
    assert names(picked) == ["picking", "picked", "packed"]


def test_a_late_webhook_reports_picked_after_packed(wms: Wms, receiver: Receiver) -> None:
    # given / when
    wms.pick(work("FO-BACKWARD", channel_order_id="TM-LATE-WEBHOOK-1"), "FO-BACKWARD:pick")

    # then
    assert names(receiver.wait_for("FO-BACKWARD", 3)) == ["picking", "packed", "picked"]


def test_an_announced_return_is_received_and_inspected(wms: Wms, receiver: Receiver) -> None:
    # given
    lines = [Line(sku="ELEGANT-LAMP", quantity=1), Line(sku="DAMAGED-CHAIR", quantity=1)]
    notice = ReturnNotice(
        return_id="RET-1", order_id="ORDER-RET-1", channel_order_id="TM-RET-1", location_id="HANGZHOU", lines=lines
    )

    # when
    wms.announce_return(notice, "RET-1:announce")
    wms.announce_return(notice, "RET-1:announce:again")

    # then
    received, inspected = receiver.wait_for("RET-1", 2)
    assert names([received, inspected]) == ["received", "inspected"]
    assert received.data == {"return_id": "RET-1", "location_id": "HANGZHOU", "lines": lines}
    assert [line["disposition"] for line in inspected.data["lines"]] == ["restock", "quarantine"]
