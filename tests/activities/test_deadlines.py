"""The next deadline of an order, and its alert: raised once before it is missed, and cleared when it is met."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from activities.outcome import Ending
from models.deadlines import DeadlineAlertRow
from models.order import OrderEventRow, OrderRow
from record.orders.deadlines import DeadlineSweep
from tests.activities.story import REASON, Steps
from tests.factories import place_order

NOW = datetime.now(UTC)


def order(steps: Steps) -> OrderRow:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id)


def alerts(steps: Steps) -> list[tuple[str, str, bool]]:
    """The alerts as (what is due, owner, whether it is open)."""
    with steps.sessions() as session:
        rows = session.scalars(select(DeadlineAlertRow).order_by(DeadlineAlertRow.alert_id))
        return [(row.due, row.owner, row.cleared_at is None) for row in rows]


def alert_events(steps: Steps) -> list[tuple[str, str]]:
    """The alert events of deadlines in the order's log, with their codes."""
    logged = select(OrderEventRow).where(OrderEventRow.order_id == steps.order_id, OrderEventRow.type.like("alert.%"))
    with steps.sessions() as session:
        facts = [(row.type, row.data["code"]) for row in session.scalars(logged.order_by(OrderEventRow.event_id))]
    return [(kind, code) for kind, code in facts if code.endswith("_AT_RISK")]


def sweep(steps: Steps, **later: Any) -> int:
    return DeadlineSweep(steps.sessions).run(NOW + timedelta(**later))


@pytest.mark.parametrize(
    ("step", "due"),
    [
        ("audit_order", "ship"),
        ("allocate_stock", "ship"),
        ("record_progress:packed", "ship"),
        ("record_progress:in_transit", "deliver"),
        ("record_progress:delivered", ""),
        ("end_order", ""),
    ],
)
def test_each_step_sets_the_next_deadline_of_the_order(step: str, due: str, steps: Steps) -> None:
    steps.up_to(step)

    row = order(steps)
    moment = {"ship": row.promised_ship_by, "deliver": row.promised_deliver_by, "": None}[due]
    assert (row.due, row.due_at) == (due, moment)


def test_an_order_with_time_left_raises_no_alert(steps: Steps) -> None:
    steps.up_to("audit_order")

    assert (sweep(steps), alerts(steps), order(steps).attention) == (0, [], None)


def test_an_order_at_risk_raises_one_alert_before_its_deadline(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    remaining = (order(steps).due_at or NOW) - NOW

    # when: less than a quarter of the time remains
    first, again = sweep(steps, seconds=remaining.total_seconds() * 0.8), sweep(steps, days=30)

    # then
    assert (first, again, alerts(steps)) == (1, 0, [("ship", "staff", True)])
    assert alert_events(steps) == [("alert.raised", "SHIP_AT_RISK")]
    assert (order(steps).attention or "").startswith("at risk: ship by ")


def test_shipping_clears_the_alert_and_the_delivery_is_watched_next(steps: Steps) -> None:
    # given
    steps.up_to("book_shipment")
    sweep(steps, days=10)

    # when
    steps.record(steps.tracking_event("in_transit"))
    shipped = alerts(steps), order(steps).attention
    sweep(steps, days=60)

    # then
    assert shipped == ([("ship", "staff", False)], None)
    assert alerts(steps) == [("ship", "staff", False), ("deliver", "staff", True)]
    assert alert_events(steps)[-1] == ("alert.raised", "DELIVER_AT_RISK")


def test_an_ended_order_has_no_deadline(steps: Steps) -> None:
    steps.up_to("audit_order")
    sweep(steps, days=10)

    steps.outcome.end_order(Ending(steps.order_id, "canceled", REASON))

    assert alerts(steps) == [("ship", "staff", False)]
    assert alert_events(steps) == [("alert.raised", "SHIP_AT_RISK"), ("alert.cleared", "SHIP_AT_RISK")]


def test_an_order_whose_work_was_rejected_is_due_to_ship_again(steps: Steps) -> None:
    # given: the location rejects the work
    steps.up_to("release_to_pick")
    steps.record(steps.warehouse_event("rejected", reason="wet"))

    # then
    assert order(steps).due == "ship"


def test_another_reason_for_attention_stays_when_the_deadline_is_met(steps: Steps) -> None:
    steps.up_to("book_shipment")
    with steps.sessions.begin() as session:
        session.execute(update(OrderRow).values(attention="the carrier refuses"))
    sweep(steps, days=10)

    steps.record(steps.tracking_event("in_transit"))

    assert order(steps).attention == "the carrier refuses"


def test_a_staff_rule_escalates_the_alert_after_a_while(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    asked = {"escalate_to": "warehouse-lead", "escalate_after_minutes": 30}
    with steps.sessions.begin() as session:
        session.execute(update(OrderRow).values(instructions=asked))

    # when
    seen = []
    for later in (timedelta(days=10), timedelta(days=10, minutes=29), timedelta(days=10, minutes=31)):
        DeadlineSweep(steps.sessions).run(NOW + later)
        seen.append(alerts(steps)[0][1])

    # then
    assert seen == ["staff", "staff", "warehouse-lead"]
    assert alert_events(steps)[-1] == ("alert.escalated", "SHIP_AT_RISK")


def test_an_alert_already_raised_blocks_no_other_order(steps: Steps) -> None:
    # given: two orders at risk, one of which has its alert already and is due to be looked at again
    other = replace(steps, order_id=place_order(steps.sessions), stored={})
    for one in (steps, other):
        one.up_to("audit_order")
    sweep(steps, days=10)
    with steps.sessions.begin() as session:
        session.execute(delete(DeadlineAlertRow).where(DeadlineAlertRow.order_id == other.order_id))
        session.execute(update(OrderRow).values(warn_at=NOW))

    # when
    sweep(steps, days=11)

    # then
    assert alerts(steps) == [("ship", "staff", True), ("ship", "staff", True)]
