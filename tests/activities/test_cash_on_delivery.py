"""Cash on delivery as steps: what each carrier is told to collect, and when that is the order's money."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.carrier_claims import ParcelTrouble, Remedy
from activities.reserve import StockRequest
from commands.parameters import set_parameter
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.payment_terms import TermsKind
from models.cash import CashCollectionRow
from models.order import OrderEventRow, OrderRow
from models.payment import MoneyMovementRow
from record import money
from record.shipping.fulfillment_orders import FulfillmentStep
from record.shipping.progress import Reports
from tests.activities.story import BOTH, Steps, make_edit
from tests.factories import LAMPS_AND_CUP, place_order

TERMS = {"*": {"cod": {"kind": "on_delivery", "areas": ["Zhejiang"], "most": {"CNY": "500.00"}}}}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime.now(UTC).isoformat()


@pytest.fixture
def at_the_door(steps: Steps) -> Steps:
    """An order of 67.97 that its customer pays to the courier."""
    set_parameter(steps.sessions, "payment_terms", TERMS, LONG_AGO, None, "a contract", "sun")
    return placed(steps)


def placed(steps: Steps, **changes: Any) -> Steps:
    order_id = place_order(
        steps.sessions, LAMPS_AND_CUP, **{"payment_reference": "", "payment_method": "cod"} | changes
    )
    return replace(steps, order_id=order_id, stored={})


def collection(steps: Steps) -> tuple[str, int]:
    with steps.sessions() as session:
        row = session.scalars(select(CashCollectionRow).where(CashCollectionRow.order_id == steps.order_id)).one()
        return row.state, row.amount_minor


def captured(steps: Steps) -> int:
    with steps.sessions() as session:
        return money.captured(session, steps.order_id).minor_units


def test_it_is_accepted_unpaid_and_its_carrier_collects(at_the_door: Steps, ask: Callable[..., Any]) -> None:
    # given / when
    at_the_door.up_to("book_shipment")

    # then
    booked = ask(f"/tms/shipments/{at_the_door.shipment}")
    assert booked["request"]["collect"] == {"amount": "67.97", "currency": "CNY"}
    assert collection(at_the_door) == ("asked", 6797)
    assert captured(at_the_door) == 0


def test_it_is_paid_once_the_carrier_has_delivered_however_often_it_says_so(at_the_door: Steps) -> None:
    # given
    steps = at_the_door.up_to("book_shipment")

    # when
    steps.record(steps.tracking_event("in_transit"))
    for hours in (1, 2):
        steps.record(steps.tracking_event("delivered", hours))

    # then
    assert collection(steps) == ("collected", 6797)
    with steps.sessions() as session:
        [row] = session.scalars(select(MoneyMovementRow)).all()
        assert (row.kind, row.amount_minor) == ("captured", 6797)


def test_goods_refused_at_the_door_come_back_without_a_refund(at_the_door: Steps) -> None:
    # given
    steps = at_the_door.up_to("book_shipment")
    steps.record(steps.tracking_event("in_transit"))

    # when
    steps.record(steps.warehouse_event("returned", location_id="HANGZHOU"))
    undone = steps.refunds.refund_order(steps.undo(steps.order_id))

    # then
    assert undone.done
    assert collection(steps)[0] == "void"
    with steps.sessions() as session:
        assert session.scalars(select(MoneyMovementRow)).all() == []


def test_a_booking_given_back_collects_nothing_and_the_next_one_does(at_the_door: Steps) -> None:
    # given
    steps = at_the_door.up_to("book_shipment")

    # when
    steps.ship.void_waybill(steps.undo(steps.shipment))
    steps.ship.book_shipment(replace(steps.step(), round=2))

    # then
    with steps.sessions() as session:
        rows = session.scalars(select(CashCollectionRow).order_by(CashCollectionRow.shipment_id)).all()
        assert [(row.state, row.amount_minor) for row in rows] == [("void", 6797), ("asked", 6797)]


@pytest.mark.parametrize(
    "changes",
    [{"grand_total": 60000}, {"province": "Sichuan"}, {"pickup_location": "HANGZHOU"}],
    ids=["too much", "too far", "picked up"],
)
def test_what_no_courier_may_collect_is_held(changes: dict[str, Any], at_the_door: Steps) -> None:
    # given
    steps = placed(at_the_door)
    with steps.sessions.begin() as session:
        order = session.get_one(OrderRow, steps.order_id)
        order.grand_total_minor = changes.get("grand_total", order.grand_total_minor)
        order.province = changes.get("province", order.province)
        order.pickup_location = changes.get("pickup_location", "")

    # when
    result = steps.audit.audit_order(AuditRequest(steps.order_id, 1))

    # then
    assert "ON_DELIVERY" in result.open.codes
    with steps.sessions() as session:
        assert session.get_one(OrderRow, steps.order_id).payment_terms == TermsKind.ON_DELIVERY


def test_a_lost_parcel_that_is_sent_again_is_collected_for(at_the_door: Steps, ask: Callable[..., Any]) -> None:
    # given
    steps = at_the_door.up_to("book_shipment")
    steps.record(steps.tracking_event("in_transit"))

    # when it is lost, and its goods are sent again
    steps.claims.take_up(ParcelTrouble(steps.order_id, steps.work, "lost"))
    steps.claims.make_good(Remedy(steps.order_id, steps.work, "reship", "sun"))
    [work] = steps.allocate.allocate_stock(StockRequest(steps.order_id, 3)).work
    name = work.fulfillment_order_id
    step = FulfillmentStep(steps.order_id, name)
    steps.pick.release_to_pick(step)
    packed = {"fulfillment_order_id": name, "parcels": [{"weight_grams": 1100}]}
    told = [
        steps.webhook("wms", "fulfillment_order.picked", name, fulfillment_order_id=name, lines=BOTH),
        steps.webhook("wms", "fulfillment_order.packed", name, **packed),
    ]
    steps.progress.record_progress(Reports(steps.order_id, name, told))
    steps.ship.book_shipment(step)

    # then
    assert ask(f"/tms/shipments/{name}-S1")["request"]["collect"] == {"amount": "67.97", "currency": "CNY"}

    # when both turn up at the door, and say so twice
    late = {"shipment_id": steps.shipment, "waybill": "SF-1", "status": "delivered", "occurred_at": NOW, "note": ""}
    second = late | {"shipment_id": f"{name}-S1", "waybill": "SF-2"}
    for _ in range(2):
        steps.record(steps.webhook("tms", "shipment.tracking_updated", steps.shipment, "late", **late))
        told = steps.webhook("tms", "shipment.tracking_updated", f"{name}-S1", "second", **second)
        steps.progress.record_progress(Reports(steps.order_id, name, [told]))

    # then both couriers owe us the money, and a person is called to what the customer paid too much
    assert captured(steps) == 2 * 6797
    with steps.sessions() as session:
        alerts = select(OrderEventRow.data).where(OrderEventRow.type == "alert.raised")
        assert [one["code"] for one in session.scalars(alerts)].count("COLLECTED_TWICE") == 1
        attention = session.get_one(OrderRow, steps.order_id).attention
        assert attention == "couriers have collected 67.97 CNY more than the order costs"


def test_an_edit_changes_what_is_collected_while_a_parcel_is_still_to_be_booked(
    at_the_door: Steps, ask: Callable[..., Any]
) -> None:
    # given
    steps = at_the_door.before("book_shipment")
    dearer, cheaper = (WantedEdit(amounts={"shipping": Money(minor, "CNY")}) for minor in (12_00, 2_00))

    # when it costs 4.00 more before its carrier is booked, and less afterwards
    made = make_edit(steps, dearer, 1, recalled=True)
    steps.up_to("book_shipment")
    refused = make_edit(steps, cheaper, 2, recalled=True)

    # then the carrier collects it, nothing is charged or paid back, and the refusal says why
    assert (made.state, made.charges, made.repay_minor) == ("applied", False, 0)
    assert ask(f"/tms/shipments/{steps.shipment}")["request"]["collect"]["amount"] == "71.97"
    assert (refused.state, "no parcel is left" in refused.refusal) == ("refused", True)
