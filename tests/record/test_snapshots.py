"""Snapshots of an order: its parcels with the lines that they complete and their share of the freight."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain import milestones
from domain.contents.snapshot import Snapshot
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, MergeRow, ShipmentRow
from models.goods import ProductPartRow
from record.messages.snapshots import load_snapshots
from tests.factories import LAMP, TEACUP, place_order, stock_shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SET, POT = "TEA-SET", "CALM-TEAPOT"


def snapshot_of(sessions: Sessions, order_id: str) -> Snapshot:
    with sessions() as session:
        return load_snapshots(session, {order_id: {milestones.SHIPPED}})[order_id]


def ship(sessions: Sessions, order_id: str, units: Mapping[str, int], number: int = 1, **changes: Any) -> None:
    name = f"{order_id}-{number}"
    row = {"order_id": order_id, "number": number, "location_id": "HANGZHOU", "reason": "near", "status": "shipped"}
    with sessions.begin() as session:
        left = {"shipped_at": NOON + timedelta(hours=number)} | changes
        session.add(FulfillmentOrderRow(fulfillment_order_id=name, **row | left))
        session.flush()
        for sku, quantity in units.items():
            session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=quantity, allocated=0))


def test_orders_that_share_a_parcel_share_its_freight(stocked: Sessions) -> None:
    # given
    orders = [place_order(stocked, [(LAMP, 1)]) for _ in range(2)]
    with stocked.begin() as session:
        cost = {"cost_minor": 1251, "cost_currency": "CNY"}
        session.add(ShipmentRow(shipment_id="M-1-S1", carrier="SF Express", waybill="SF-9", tracking_status="", **cost))
        session.flush()
        merge = {"merge_key": "K", "location_id": "HANGZHOU", "closes_at": NOON, "closed_at": NOON}
        session.add(MergeRow(merge_id="M-1", shipment_id="M-1-S1", **merge))
    for order_id in orders:
        ship(stocked, order_id, {LAMP: 1}, shipment_id="M-1-S1", merge_id="M-1")

    # when
    freight = [snapshot_of(stocked, order_id).parcels[0].freight for order_id in orders]

    # then
    assert sorted(share.minor_units for share in freight if share) == [625, 626]


def test_a_bundle_travels_with_the_last_of_its_parts(stocked: Sessions) -> None:
    # given
    stock_shop(stocked, {"HANGZHOU": {SET: 1, POT: 1}})
    with stocked.begin() as session:
        for part, each in ((POT, 1), (TEACUP, 2)):
            since = NOON - timedelta(days=900)
            session.add(ProductPartRow(bundle_sku=SET, part_sku=part, quantity=each, valid_from=since))
    order_id = place_order(stocked, [(SET, 1), (LAMP, 1)])
    ship(stocked, order_id, {TEACUP: 2, LAMP: 1}, number=1)
    ship(stocked, order_id, {POT: 1}, number=2)

    # when
    first, second = snapshot_of(stocked, order_id).parcels

    # then
    assert (first.lines, second.lines) == ({2: 1}, {1: 1})


def test_parcels_are_listed_in_the_order_they_shipped(stocked: Sessions) -> None:
    # given
    order_id = place_order(stocked, [(LAMP, 3)])
    ship(stocked, order_id, {LAMP: 1}, number=1, shipped_at=NOON + timedelta(hours=9))
    ship(stocked, order_id, {LAMP: 1}, number=2)
    ship(stocked, order_id, {LAMP: 1}, number=3, shipped_at=None, status="released")

    # when
    snapshot = snapshot_of(stocked, order_id)

    # then
    assert [parcel.number for parcel in snapshot.shipped] == [2, 1]
