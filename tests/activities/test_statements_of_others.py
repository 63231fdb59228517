"""Statements of carriers, gateway and warehouse: late news is taken in, and money differences raise an alert."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from domain.undo import UndoRequest
from integrations.http import PartnerHttp
from models.database import Sessions
from models.fulfillment import ShipmentRow
from models.messaging import PartnerEventRow
from models.order import OrderRow
from tests.activities.comparing import Comparing
from tests.activities.conftest import NOBODY
from tests.activities.story import REASON, Steps, build_steps
from tests.factories import LAMP, TEACUP, events_of, place_order, stock_shop
from tests.integrations.servers import connecting, eventually, simulating

Ask = Callable[..., Any]
TOTAL = "67.97"
_numbers = count(1)


@pytest.fixture
def comparing(stocked: Sessions, partners: dict[str, PartnerHttp]) -> Comparing:
    return Comparing(stocked, partners)


@pytest.fixture
def hasty(stocked: Sessions) -> Iterator[Comparing]:
    """Partners whose parcels are delivered at once, and whose webhooks reach nobody."""
    with simulating(NOBODY, 0.0) as address, connecting(address) as partners:
        yield Comparing(stocked, partners, address=address)


def an_order(comparing: Comparing, trouble: str = "") -> Steps:
    """Place an order whose channel order id and payment name a trouble of the simulators."""
    name = f"{trouble}-{next(_numbers)}-{datetime.now(UTC):%H%M%S%f}"
    order = place_order(comparing.sessions, channel_order_id=name, payment_reference=f"PAY-{name}:{TOTAL}:CNY")
    return replace(build_steps(comparing.sessions, comparing.partners), order_id=order)


def refunded(steps: Steps) -> None:
    steps.up_to("audit_order").refunds.refund_order(UndoRequest(steps.order_id, steps.order_id, REASON))


def attention(steps: Steps) -> str | None:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id).attention


def tracking(steps: Steps) -> str:
    with steps.sessions() as session:
        return session.get_one(ShipmentRow, steps.shipment).tracking_status


def test_a_parcel_further_along_than_reported_is_brought_up_to_date(hasty: Comparing) -> None:
    # given a parcel that was delivered without a webhook
    steps = an_order(hasty).up_to("book_shipment")
    there = f"{hasty.address}/tms/shipments/{steps.shipment}"
    eventually(lambda: httpx2.get(there).json()["status"] == "delivered")

    # when
    night = hasty.night("tms")

    # then the news are stored as if the webhook had come, and once applied there is no difference
    assert (tracking(steps), night.mended) == ("pre_transit", 1)
    assert hasty.open_differences("tms") == {("status_differs", steps.shipment, "pre_transit", "delivered")}
    with steps.sessions() as session:
        [news] = session.scalars(select(PartnerEventRow).where(PartnerEventRow.subject == steps.shipment))
    assert (news.partner, news.type, news.data["status"]) == ("tms", "shipment.tracking_updated", "delivered")
    assert steps.record((news.partner, news.event_id)).status == "delivered"
    hasty.night("tms")
    assert (tracking(steps), hasty.open_differences("tms")) == ("delivered", set())


def test_news_older_than_ours_are_not_taken(comparing: Comparing) -> None:
    # given a parcel that is further along by Kuaidi100 than by the TMS
    steps = an_order(comparing).up_to("book_shipment")
    with steps.sessions.begin() as session:
        row = session.get_one(ShipmentRow, steps.shipment)
        row.tracking_status, row.tracked_at = "in_transit", datetime.now(UTC)

    comparing.night("tms")

    assert comparing.open_differences("tms") == {("status_differs", steps.shipment, "in_transit", "pre_transit")}
    with steps.sessions() as session:
        assert session.scalars(select(PartnerEventRow).where(PartnerEventRow.partner == "tms")).all() == []


def test_shipments_unknown_to_the_tms_are_reported(comparing: Comparing) -> None:
    booked = an_order(comparing).up_to("book_shipment")
    lost = an_order(comparing, "FORGOTTEN-SHIPMENT").up_to("book_shipment")
    voided = an_order(comparing).up_to("book_shipment")
    voided.ship.void_waybill(voided.undo(voided.shipment))

    comparing.night("tms")

    assert comparing.open_differences("tms") == {("missing_there", lost.shipment, "pre_transit", "")}
    assert (tracking(booked), attention(lost)) == ("pre_transit", None)


@pytest.mark.parametrize(
    ("trouble", "kind", "ours", "theirs"),
    [
        ("FORGOTTEN-REFUND", "missing_there", "refunded", ""),
        ("ODD-AMOUNT", "amount_differs", f"{TOTAL} CNY", "66.97 CNY"),
    ],
)
def test_a_refund_that_differs_raises_an_alert_and_is_not_repeated(
    comparing: Comparing, ask: Ask, trouble: str, kind: str, ours: str, theirs: str
) -> None:
    # given
    good, bad = an_order(comparing), an_order(comparing, trouble)
    for steps in (good, bad):
        refunded(steps)

    # when
    for _ in range(2):
        comparing.night("payments")

    # then
    key = f"{bad.order_id}:refund:order"
    assert (kind, key, ours, theirs) in comparing.open_differences("payments")
    assert {row.subject for row in comparing.rows("payments")} <= {key, reference(bad)}
    assert attention(good) is None
    assert events_of(bad.sessions, bad.order_id).count("alert.raised") == len(comparing.rows("payments"))
    assert "differ" in (attention(bad) or "")
    assert len(ask("/payments/refunds", payment_reference=reference(bad))["refunds"]) == 1
    assert {row.mends for row in comparing.rows("payments")} == {1}


def test_a_refund_that_failed_at_the_gateway_is_a_difference(hasty: Comparing) -> None:
    steps = an_order(hasty, "REFUND-FAILED")
    refunded(steps)
    there = f"{hasty.address}/payments/refunds"
    eventually(lambda: refund_there(there, steps)["status"] == "failed")

    hasty.night("payments")

    key = f"{steps.order_id}:refund:order"
    assert hasty.open_differences("payments") == {("status_differs", key, "refunded", "failed")}


def test_a_payment_without_an_order_is_reported(comparing: Comparing, address: str) -> None:
    # given a customer who paid for an order that never came
    paid = {"reference": f"ONCE-{datetime.now(UTC):%f}", "amount": "12.00", "currency": "CNY", "status": "captured"}
    httpx2.post(f"{address}/payments/payments", json=paid)

    comparing.night("payments")

    assert comparing.open_differences("payments") == {("unknown_here", paid["reference"], "", "12.00 CNY")}


def test_stock_differences_not_explained_by_work_under_way_are_reported(comparing: Comparing, address: str) -> None:
    # given eight lamps that agree, a cup too few, and goods that we do not know
    place = f"HOUSE-{datetime.now(UTC):%H%M%S%f}"
    stock_shop(comparing.sessions, {place: {LAMP: 8, "MISCOUNTED-CUP": 5, TEACUP: 5}})
    lines = [{"sku": LAMP, "quantity": 8}, {"sku": "MISCOUNTED-CUP", "quantity": 5}, {"sku": "UFO", "quantity": 1}]
    count = {"snapshot_id": place, "location_id": place, "taken_at": datetime.now(UTC).isoformat(), "lines": lines}
    assert httpx2.post(f"{address}/wms/snapshots", json=count).status_code == 202

    # when
    comparing.night("wms")

    # then
    found = {one for one in comparing.open_differences("wms") if one[1].startswith(place)}
    assert found == {
        ("quantity_differs", f"{place}/MISCOUNTED-CUP", "5", "4"),
        ("unknown_here", f"{place}/UFO", "", "1"),
    }


def test_the_status_of_work_is_compared_in_the_words_of_the_warehouse(comparing: Comparing) -> None:
    # given work with the same status on both sides, and work that is further along here
    released = an_order(comparing).up_to("release_to_pick")
    picking = an_order(comparing).up_to("record_progress:picking")
    recalled = an_order(comparing).up_to("release_to_pick")
    recalled.pick.recall_pick(recalled.undo(recalled.work))
    recalled.allocate.deallocate_stock(recalled.undo(recalled.work))

    comparing.night("wms")

    found = {one for one in comparing.open_differences("wms") if one[1].startswith("ORDER")}
    assert found == {("status_differs", picking.work, "picking", "accepted")}
    assert released.work not in {row.subject for row in comparing.rows("wms")}


def test_work_of_a_qimen_location_is_not_compared_with_the_plain_wms(comparing: Comparing, hasty: Comparing) -> None:
    # given work that this warehouse does not know
    steps = an_order(comparing).up_to("release_to_pick")

    # when its location speaks Qimen, then it is not compared
    hasty.elsewhere = ("HANGZHOU",)
    hasty.night("wms")
    assert hasty.open_differences("wms") == set()

    # when it does not, then the work is missing there
    hasty.elsewhere = ()
    hasty.night("wms")
    assert hasty.open_differences("wms") == {("missing_there", steps.work, "released", "")}


def reference(steps: Steps) -> str:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id).payment_reference


def refund_there(url: str, steps: Steps) -> dict[str, Any]:
    return dict(httpx2.get(url, params={"payment_reference": reference(steps)}).json()["refunds"][0])
