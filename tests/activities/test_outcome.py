"""Holds, alerts, withdrawn lines and the end of an order."""

import pytest
from sqlalchemy import func, select, update

from activities.holds import Hold, Release
from activities.outcome import Alert, Ending
from activities.reserve import StockRequest
from activities.withdraw import Withdrawal, Withdrawn
from domain.status import NotAllowed
from models.messaging import MessageRow, PartnerEventRow
from models.order import HoldRow, OrderLineRow, OrderRow
from tests.activities.story import REASON, STORY, Steps
from tests.factories import LAMP, assert_ledger_explains_stock, counters, events_of


def hold(steps: Steps, code: str, key: str = "") -> list[str]:
    return steps.holds.raise_hold(Hold(steps.order_id, code, "a strange night", "staff", key or f"{code}:1")).codes


def release(steps: Steps, code: str) -> list[str]:
    return steps.holds.release_hold(Release(steps.order_id, code, "sun", "the customer called")).codes


def order_of(steps: Steps) -> OrderRow:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id)


def announced(steps: Steps) -> set[str]:
    with steps.sessions() as session:
        return set(session.scalars(select(MessageRow.milestone).where(MessageRow.order_id == steps.order_id)))


def test_an_order_goes_on_when_its_last_hold_is_released(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    hold(steps, "FRAUD")
    assert hold(steps, "ADDRESS") == ["ADDRESS", "FRAUD"]
    assert order_of(steps).status == "under_review"

    # when
    seen = [release(steps, "FRAUD"), order_of(steps).status, release(steps, "ADDRESS")]

    # then
    assert seen == [["ADDRESS"], "under_review", []]
    assert order_of(steps).status == "accepted"


def test_a_release_records_who_and_why(steps: Steps) -> None:
    # given
    hold(steps.up_to("audit_order"), "FRAUD")

    # when
    release(steps, "FRAUD")

    # then
    with steps.sessions() as session:
        row = session.scalars(select(HoldRow)).one()
        assert (row.released_by, row.note, row.released_at is not None) == ("sun", "the customer called", True)


def test_a_released_hold_is_not_raised_again_for_the_same_cause(steps: Steps) -> None:
    # given
    hold(steps.up_to("audit_order"), "FRAUD")
    release(steps, "FRAUD")

    # when
    same, new = hold(steps, "FRAUD"), hold(steps, "FRAUD", "FRAUD:2")

    # then
    assert (same, new) == ([], ["FRAUD"])


def test_a_hold_does_not_change_the_status_of_an_order_in_progress(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")

    # when
    hold(steps, "CARRIER_REFUSED")

    # then
    assert order_of(steps).status == "in_progress"


def test_an_alert_is_raised_once_for_each_subject(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")

    # when
    for subject in (steps.work, steps.work, f"{steps.order_id}-2"):
        steps.outcome.raise_alert(Alert(steps.order_id, "PICK_LATE", subject, "the pick is late"))

    # then
    assert order_of(steps).attention == "the pick is late"
    assert events_of(steps.sessions, steps.order_id).count("alert.raised") == 2


def test_clearing_an_alert_keeps_another_reason_for_attention(steps: Steps) -> None:
    # given
    steps.outcome.raise_alert(Alert(steps.order_id, "PICK_LATE", steps.work, "the pick is late"))

    # when
    steps.outcome.raise_alert(Alert(steps.order_id, "PICK_LATE", steps.work, "", still="the refund is refused"))

    # then
    assert order_of(steps).attention == "the refund is refused"


def test_a_completed_order_has_announced_its_delivery(steps: Steps) -> None:
    # given / when
    steps.up_to("end_order")

    # then
    assert order_of(steps).status == "completed"
    assert order_of(steps).ended_at is not None
    assert announced(steps) == {"received", "shipped", "delivered"}


@pytest.mark.parametrize("end", ["canceled", "rejected", "expired"])
def test_an_early_end_closes_holds(end: str, steps: Steps) -> None:
    # given
    hold(steps.up_to("audit_order"), "FRAUD")

    # when
    steps.outcome.end_order(Ending(steps.order_id, end, REASON, "sun"))

    # then
    assert order_of(steps).status == end
    assert "canceled" in announced(steps)
    with steps.sessions() as session:
        assert session.scalars(select(HoldRow)).one().note == f"the order is {end}"


def test_an_ended_order_cannot_end_with_another_status(steps: Steps) -> None:
    # given
    steps.up_to("end_order")

    # when / then
    with pytest.raises(NotAllowed):
        steps.outcome.end_order(Ending(steps.order_id, "canceled", REASON))
    assert order_of(steps).status == "completed"


def test_unsent_lines_are_withdrawn(steps: Steps) -> None:
    # given
    steps.up_to("reserve_stock").requests.open_return(steps.requested(lines={1: 1}))

    # when
    answer = steps.withdraw.withdraw_lines(Withdrawal(steps.order_id, steps.case, "recalled"))
    steps.allocate.allocate_stock(StockRequest(steps.order_id, 2))

    # then
    assert answer == Withdrawn(done=True, left_units=2)
    assert counters(steps.sessions, "ELEGANT-LAMP") == {"on_hand": 10, "allocated": 1, "available": 9}
    assert_ledger_explains_stock(steps.sessions)


def test_allocated_lines_are_not_withdrawn(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock").requests.open_return(steps.requested(lines={1: 2, 2: 1}))

    # when
    answer = steps.withdraw.withdraw_lines(Withdrawal(steps.order_id, steps.case, "recalled"))

    # then
    assert answer == Withdrawn(done=False, left_units=0)
    with steps.sessions() as session:
        assert set(session.scalars(select(OrderLineRow.withdrawn))) == {0}


def test_a_completed_order_leaves_no_reports_of_its_picking(steps: Steps) -> None:
    # given one that is still to be carried, and one of another kind
    steps.before("end_order")
    late = steps.warehouse_event("picked", "late", lines=[])
    back = steps.warehouse_event("returned", location_id="HANGZHOU")
    carried = {"relayed_at": func.now(), "applied_at": func.now()}
    with steps.sessions.begin() as session:
        session.execute(update(PartnerEventRow).where(PartnerEventRow.event_id != late[1]).values(carried))

    # when
    STORY["end_order"](steps)

    # then
    with steps.sessions() as session:
        rows = session.scalars(select(PartnerEventRow).order_by(PartnerEventRow.sequence)).all()
    assert [row.type for row in rows if row.partner == "tms"] == ["shipment.tracking_updated"] * 2
    assert [row.event_id for row in rows if row.partner == "wms"] == [late[1], back[1]]


def test_a_report_that_comes_again_after_the_end_changes_nothing(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    facts, stock = events_of(steps.sessions, steps.order_id), counters(steps.sessions, LAMP)
    again = [
        steps.warehouse_event("picking", "again"),
        steps.warehouse_event("picked", "again", lines=[]),
        steps.warehouse_event("packed", "again", parcels=[{"weight_grams": 9}]),
    ]

    # when
    progress = steps.record(*again)

    # then
    assert (progress.status, progress.picked_units, progress.short_units) == ("delivered", 3, 0)
    assert (events_of(steps.sessions, steps.order_id), counters(steps.sessions, LAMP)) == (facts, stock)
