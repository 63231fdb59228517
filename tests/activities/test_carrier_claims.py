"""A parcel that does not arrive: the claim on its carrier, and the refund or reship for the customer."""

import pytest
from sqlalchemy import select

from activities.carrier_claims import ParcelTrouble, Remedy, Settlement
from activities.reserve import StockRequest
from models.deadlines import CarrierClaimRow
from models.messaging import PartnerEventRow
from models.order import OrderLineRow
from record.sourcing.needs import outstanding
from tests.activities.story import Steps
from tests.factories import LAMP, PRICE, TEACUP, assert_ledger_explains_stock

GOODS = PRICE.minor_units * 3


@pytest.fixture
def on_the_road(steps: Steps) -> Steps:
    return steps.up_to("record_progress:in_transit")


def claims(steps: Steps) -> list[tuple[str, int, str, str]]:
    with steps.sessions() as session:
        rows = session.scalars(select(CarrierClaimRow))
        return [(row.kind, row.amount_minor, row.status, row.remedy) for row in rows]


def make_good(steps: Steps, action: str) -> Settlement:
    return steps.claims.make_good(Remedy(steps.order_id, steps.work, action, "sun"))


@pytest.mark.parametrize("kind", ["lost", "damaged", "silent"])
def test_a_carrier_owes_what_was_paid_for_the_goods(on_the_road: Steps, kind: str) -> None:
    wanted = on_the_road.claims.take_up(ParcelTrouble(on_the_road.order_id, on_the_road.work, kind))

    assert (wanted, claims(on_the_road)) == ("ask", [(kind, GOODS, "open", "")])


def test_a_parcel_that_its_receiver_refused_is_not_claimed(on_the_road: Steps) -> None:
    on_the_road.claims.take_up(ParcelTrouble(on_the_road.order_id, on_the_road.work, "refused"))

    assert claims(on_the_road) == []


def test_a_reship_allocates_the_goods_again(on_the_road: Steps) -> None:
    # given
    settled = make_good(on_the_road, "reship")

    # when
    again = on_the_road.allocate.allocate_stock(StockRequest(on_the_road.order_id, 3))

    # then
    assert (settled, [work.units for work in again.work], again.short_units) == (Settlement(done=True), [3], 0)
    assert_ledger_explains_stock(on_the_road.sessions)


def test_refunded_goods_are_neither_sent_nor_refunded_again(on_the_road: Steps) -> None:
    # when
    settled, again = make_good(on_the_road, "refund"), make_good(on_the_road, "refund")

    # then
    assert settled == again == Settlement(done=True, repay_minor=GOODS, nothing_left=True)
    with on_the_road.sessions() as session:
        lines = session.scalars(select(OrderLineRow).order_by(OrderLineRow.line_no)).all()
        assert [(line.sku, line.withdrawn, line.canceled) for line in lines] == [(LAMP, 2, 2), (TEACUP, 1, 1)]
        assert outstanding(session, on_the_road.order_id) == {}
    assert_ledger_explains_stock(on_the_road.sessions)


def test_a_parcel_delivered_meanwhile_is_not_refunded(on_the_road: Steps) -> None:
    on_the_road.record(on_the_road.tracking_event("delivered", hours=2))

    assert make_good(on_the_road, "refund") == Settlement(done=False)


def test_the_newest_tracking_report_counts_in_any_order(on_the_road: Steps) -> None:
    found = on_the_road.tracking_event("out_for_delivery", hours=9)
    at = {"shipment_id": on_the_road.shipment, "waybill": "SF-1", "occurred_at": "2020-01-01T00:00:00+00:00"}
    lost = on_the_road.webhook(
        "tms", "shipment.tracking_updated", on_the_road.shipment, "lost", **at, status="exception", code="lost", note=""
    )

    assert on_the_road.record(found, lost).road.trouble == ""


def test_a_delivery_attempt_reported_twice_counts_once(on_the_road: Steps) -> None:
    on_the_road.record(on_the_road.tracking_event("failed_attempt", hours=3))
    said = {"shipment_id": on_the_road.shipment, "waybill": "SF-1", "status": "failed_attempt", "note": ""}
    first = PartnerEventRow.data["status"].astext == "failed_attempt"
    with on_the_road.sessions() as session:
        at = session.scalars(select(PartnerEventRow.data["occurred_at"].astext).where(first)).one()
    same = on_the_road.webhook(
        "tms", "shipment.tracking_updated", on_the_road.shipment, "again", **said, occurred_at=at
    )

    assert on_the_road.record(same).road.attempts == 1
