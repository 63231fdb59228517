"""Scenes of the demo in which a partner makes trouble and Baton copes by itself, told from the events of the record."""

from datetime import datetime
from typing import Any

from commands.demo import numbers
from commands.demo.stage import Scene, Stage, expect


def short_pick(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.SHORT_PICK)
    short = _events(stage, numbers.SHORT_PICK, "fulfillment_order.short_picked")
    expect(len(short) == 1, f"{numbers.SHORT_PICK} was to be picked short once, not {len(short)} times")
    first, second = _delivered_from(order)
    return (
        f"{first} found one vase of the two that {numbers.SHORT_PICK} ordered. The missing one left the books there "
        f"and came from {second}: two parcels, nothing forgotten."
    )


def pick_rejected(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.REJECTED)
    refused = [part["location_id"] for part in order["fulfillment_orders"] if part["status"] == "rejected"]
    expect(len(refused) == 1, f"{numbers.REJECTED} was to be rejected by one location, not by {len(refused)}")
    (sender,) = _delivered_from(order)
    return f"{refused[0]} took the mirror of {numbers.REJECTED} and then refused to pick it, so {sender} shipped it."


def split_by_goods(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.TWO_PLACES)
    lantern, chair = _delivered_from(order)
    waybills = " and ".join(shipment["waybill"] for shipment in order["shipments"])
    return (
        f"No place has both lanterns and chairs, so {numbers.TWO_PLACES} was split over {lantern} and {chair} "
        f"(waybills {waybills})."
    )


def split_by_units(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.LAST_FOUR)
    parts = [
        f"{line['quantity']} from {part['location_id']}"
        for part in order["fulfillment_orders"]
        for line in part["lines"]
    ]
    expect(len(parts) == 2, f"{numbers.LAST_FOUR} was to come in two parcels, not {len(parts)}")
    return f"{numbers.LAST_FOUR} wanted three boxes of moon cakes where each place had two: {' and '.join(parts)}."


def from_the_store(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.FROM_THE_STORE)
    places = " and ".join(_delivered_from(order))
    return f"The first edition stands in a store only: {numbers.FROM_THE_STORE} was shipped from {places}."


def carrier_down(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.CARRIER_DOWN)
    shipment = order["shipments"][0]
    tries = stage.peek(f"/tms/shipments/{shipment['shipment_id']}")["times_asked"]
    expect(tries == 4, f"the carrier of {numbers.CARRIER_DOWN} was to be asked four times, not {tries}")
    return (
        f"The carriers' system was down when {numbers.CARRIER_DOWN} was packed. Temporal tried again, and the "
        f"{tries}th try booked {shipment['carrier']}, once."
    )


def unsettled_payment(stage: Stage) -> Scene:
    yield from stage.until(numbers.UNSETTLED, lambda order: "PAYMENT" in order.holds or order.ended)
    yield from stage.ended(numbers.UNSETTLED)
    held = _events(stage, numbers.UNSETTLED, "order.held")
    released = _events(stage, numbers.UNSETTLED, "order.released")
    expect(bool(held) and bool(released), f"{numbers.UNSETTLED} was to be held until it was paid")
    waited = _moment(released[0]) - _moment(held[0])
    return (
        f"The payment of {numbers.UNSETTLED} was still pending. Nothing was reserved or picked until the gateway's "
        f"word came, {waited.total_seconds():.1f} s later; then it went on by itself."
    )


def duplicate_webhooks(stage: Stage) -> Scene:
    yield from stage.ended(numbers.DUPLICATE)
    for what in ("picked", "packed", "shipped", "delivered"):
        times = len(_events(stage, numbers.DUPLICATE, f"fulfillment_order.{what}"))
        expect(times == 1, f"{numbers.DUPLICATE} was to be {what} once, not {times} times")
    return f"Every report about {numbers.DUPLICATE} came twice. It was picked, packed, shipped and delivered once."


def late_webhooks(stage: Stage) -> Scene:
    yield from stage.ended(numbers.LATE_WEBHOOK)
    types = [event["type"] for event in stage.events(numbers.LATE_WEBHOOK)]
    packed, picked = (types.index(f"fulfillment_order.{what}") for what in ("packed", "picked"))
    expect(packed < picked, f"{numbers.LATE_WEBHOOK} was to be reported as packed before it was picked")
    return (
        f"About {numbers.LATE_WEBHOOK} we heard of the packing before the pick and of the delivery before the "
        "handover. It is delivered all the same, and its stock is right."
    )


def slow_finance(stage: Stage) -> Scene:
    order = yield from stage.ended(numbers.SLOW_ERP)
    yield from stage.until(numbers.SLOW_ERP, lambda order: not order.has_unsent_messages)
    messages = stage.peek(f"/erp/messages?order_id={order['order_id']}")["messages"]
    milestones = [message["milestone"] for message in messages]
    expected = ["received", "shipped", "delivered"]
    expect(milestones == expected, f"finance got {milestones} of {numbers.SLOW_ERP}")
    took = datetime.fromisoformat(order["ended_at"]) - datetime.fromisoformat(order["received_at"])
    return (
        f"Finance takes 3 s for every message about {numbers.SLOW_ERP}. The goods did not wait for it: delivered after "
        f"{took.total_seconds():.1f} s, and finance knows of {', '.join(milestones)}, each once."
    )


def _events(stage: Stage, number: str, kind: str) -> list[dict[str, Any]]:
    return [event for event in stage.events(number) if event["type"] == kind]


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])


def _delivered_from(order: dict[str, Any]) -> list[str]:
    return [part["location_id"] for part in order["fulfillment_orders"] if part["status"] == "delivered"]
