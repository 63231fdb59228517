"""Merging orders into one parcel: an order that leaves during the booking, and steps taken twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from activities.merge import ALONE, BOOK, BOOKED, GATHERING, PACKING, Merge, MergeRequest, MergeStanding
from activities.ship import Ship
from domain.undo import UndoRequest
from integrations.bookings import Booking, BookingRequest
from integrations.tms import Tms
from record.parameters import ParameterCache
from record.shipping.fulfillment_orders import FulfillmentStep
from tests.activities.story import EXAMPLE_PREFIX, Steps
from tests.factories import LAMP, TEACUP, events_of, place_order, store_webhook

Ask = Callable[..., Any]


@dataclass
class Pair:
    """Two orders of one buyer at one location; the first one books."""

    steps: Steps
    merge: Merge
    orders: tuple[str, str]

    @property
    def first(self) -> str:
        return min(self.orders)

    @property
    def second(self) -> str:
        return max(self.orders)

    def join(self, order_id: str) -> MergeStanding:
        return self.merge.join_merge(MergeRequest(order_id, f"{order_id}-1", window=600))

    def look(self, order_id: str, time_is_up: bool = False) -> MergeStanding:
        return self.merge.look_at_merge(MergeRequest(order_id, f"{order_id}-1", time_is_up=time_is_up))

    def leave(self, order_id: str) -> MergeStanding:
        return self.merge.leave_merge(UndoRequest(order_id, f"{order_id}-1", "canceled"))

    def step(self, standing: MergeStanding) -> FulfillmentStep:
        return FulfillmentStep(self.first, f"{self.first}-1", standing.round, standing.merge_id)

    def pack(self, order_id: str) -> None:
        work = f"{order_id}-1"
        self.steps.order_id = order_id
        sku = LAMP if order_id == self.orders[0] else TEACUP
        found = {"fulfillment_order_id": work, "lines": [{"sku": sku, "quantity": 1}]}
        boxes = {"fulfillment_order_id": work, "parcels": [{"weight_grams": 400}]}
        self.steps.record(
            store_webhook(self.steps.sessions, "wms", "fulfillment_order.picked", work, **found),
            store_webhook(self.steps.sessions, "wms", "fulfillment_order.packed", work, **boxes),
        )


@pytest.fixture
def pair(steps: Steps) -> Pair:
    """Both orders are allocated and have joined one merge."""
    orders = tuple(place_order(steps.sessions, [(sku, 1)]) for sku in (LAMP, TEACUP))
    for order_id in orders:
        steps.order_id = order_id
        steps.up_to("allocate_stock")
    made = Pair(steps, Merge(steps.sessions), (orders[0], orders[1]))
    for order_id in orders:
        made.join(order_id)
    return made


@pytest.fixture
def whole(pair: Pair) -> Pair:
    """The merge window is over and both orders are packed."""
    pair.look(pair.first, time_is_up=True)
    for order_id in pair.orders:
        pair.pack(order_id)
    return pair


class SlowTms(Tms):
    """A TMS that runs `meanwhile` during each booking."""

    def __init__(self, tms: Tms, meanwhile: Callable[[], object]) -> None:
        super().__init__(tms._http)
        self.meanwhile = meanwhile

    def book(self, request: BookingRequest, key: str, by: str = "tms") -> Booking:
        booking = super().book(request, key, by)
        self.meanwhile()
        return booking


def test_joining_twice_is_joining_once(pair: Pair) -> None:
    # given
    before = pair.look(pair.first)

    # when
    again = pair.join(pair.second)

    # then
    assert (before.state, again.state, again.merge_id) == (GATHERING, GATHERING, before.merge_id)
    assert events_of(pair.steps.sessions, pair.second).count("fulfillment_order.merged") == 1


def test_only_the_first_order_books_and_only_when_both_are_packed(pair: Pair) -> None:
    pair.look(pair.second, time_is_up=True)
    pair.pack(pair.first)
    early = pair.look(pair.first).state
    pair.pack(pair.second)

    assert (early, pair.look(pair.second).state, pair.look(pair.first).state) == (PACKING, PACKING, BOOK)


def test_a_repeated_booking_has_one_waybill(whole: Pair) -> None:
    # given
    step = whole.step(whole.look(whole.first))

    # when
    answers = [whole.steps.ship.book_shipment(step) for _ in range(2)]

    # then
    assert answers[0] == answers[1]
    assert whole.look(whole.second) == whole.look(whole.second)
    assert (whole.look(whole.second).state, whole.look(whole.second).waybill) == (BOOKED, answers[0].waybill)


def test_a_booking_is_not_made_once_an_order_has_left_the_merge(whole: Pair, ask: Ask) -> None:
    # given
    step = whole.step(whole.look(whole.first))
    whole.leave(whole.second)

    # when
    answer = whole.steps.ship.book_shipment(step)

    # then
    assert (answer.changed, answer.waybill) == (True, "")
    assert ask(f"/tms/shipments/{step.merge_id}-S{step.round}")["status"] == "voided"
    assert whole.look(whole.first).state == ALONE


def test_a_booking_is_voided_when_an_order_leaves_meanwhile(whole: Pair, ask: Ask) -> None:
    # given
    step = whole.step(whole.look(whole.first))
    slow = SlowTms(whole.steps.ship.tms, lambda: whole.leave(whole.second))
    ship = Ship(whole.steps.sessions, slow, EXAMPLE_PREFIX, ParameterCache())

    # when
    answer = ship.book_shipment(step)

    # then
    assert answer.changed
    assert ask(f"/tms/shipments/{step.merge_id}-S{step.round}")["status"] == "voided"
    assert whole.look(whole.second).state == ALONE


def test_leaving_a_booked_parcel_voids_it_and_the_other_order_books_alone(whole: Pair) -> None:
    # given
    first = whole.steps.ship.book_shipment(whole.step(whole.look(whole.first)))
    left = whole.leave(whole.second)

    # when
    undone = [whole.steps.ship.void_waybill(UndoRequest(whole.second, left.shipment_id, "canceled")) for _ in range(2)]

    # then
    assert (left.shipment_id, [one.done for one in undone]) == (first.shipment_id, [True, True])
    assert [whole.look(one).state for one in (whole.first, whole.second)] == [ALONE, ALONE]


def test_a_carrier_report_moves_both_orders_once(whole: Pair) -> None:
    # given
    booked = whole.steps.ship.book_shipment(whole.step(whole.look(whole.first)))
    data = {"shipment_id": booked.shipment_id, "waybill": booked.waybill, "note": ""}
    data |= {"status": "delivered", "occurred_at": "2026-03-02T10:00:00+00:00"}
    report = store_webhook(whole.steps.sessions, "tms", "shipment.tracking_updated", booked.shipment_id, **data)

    # when
    for order_id in (*whole.orders, *whole.orders):
        whole.steps.order_id = order_id
        progress = whole.steps.record(report)
        # then
        assert progress.status == "delivered"
        assert events_of(whole.steps.sessions, order_id).count("fulfillment_order.delivered") == 1
