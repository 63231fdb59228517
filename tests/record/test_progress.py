"""Reports about many fulfillment orders cost as many statements as those about a few."""

from dataclasses import replace

import pytest

from models.database import Sessions
from record.parameters import ParameterCache
from record.shipping.progress import Progress, Reports, apply_reports, for_signal, relay_reports, with_known
from record.shipping.road import Road
from tests.counting import statements_of
from tests.factories import assert_ledger_explains_stock
from tests.work import Event, at_work, report, status_of, work_of


def relayed(
    sessions: Sessions, orders: list[str], what: str, cache: ParameterCache
) -> tuple[int, list[Progress | None]]:
    """Apply a report about each order; return the number of statements and how far each is that must be told."""
    events: list[Event] = [report(sessions, order_id, what) for order_id in orders]
    reports = [Reports(order_id, work_of(order_id), [event]) for order_id, event in zip(orders, events, strict=True)]
    with statements_of(sessions) as sent, sessions.begin() as session:
        told = relay_reports(session, cache, reports, set(events))
    return len(sent), told


# Always four: locks, parts, reports, and all that changes. A parcel that leaves also changes stock and what is due, and
# what is told of it needs the earlier reports.
COSTS = {"accepted": 4, "picking": 4, "picked": 4, "packed": 4, "in_transit": 8, "out_for_delivery": 4, "delivered": 7}


def test_reports_about_many_orders_cost_as_much_as_about_a_few(sessions: Sessions) -> None:
    # given
    cache = ParameterCache(lifetime=600.0)
    few, many = at_work(sessions, 5, booked=True), at_work(sessions, 20, booked=True)
    with sessions() as session:
        apply_reports(session, cache, Reports("", "nobody's"))
        cache.at(session, session.connection().exec_driver_sql("SELECT now()").scalar_one())

    # when
    costs = {what: [relayed(sessions, orders, what, cache)[0] for orders in (few, many)] for what in COSTS}

    # then
    assert costs == {what: [most, most] for what, most in COSTS.items()}
    assert {status_of(sessions, order_id) for order_id in [*few, *many]} == {"delivered"}
    assert_ledger_explains_stock(sessions)


@pytest.mark.parametrize(
    ("what", "status", "wakes"),
    [
        ("accepted", "released", False),
        ("picking", "picking", False),
        ("picked", "picked", False),
        ("packed", "packed", True),
        ("in_transit", "shipped", True),
        ("delivered", "delivered", True),
    ],
)
def test_an_order_is_woken_only_by_what_it_acts_on(sessions: Sessions, what: str, status: str, wakes: bool) -> None:
    [order_id] = at_work(sessions, 1, booked=True)

    _, [told] = relayed(sessions, [order_id], what, ParameterCache())

    assert status_of(sessions, order_id) == status
    assert (told is not None and told.status) == (wakes and status)


def test_what_a_crash_has_kept_from_the_order_is_told_again(sessions: Sessions) -> None:
    # given a report that was applied, and whose signal was not sent
    [order_id] = at_work(sessions, 1)
    event = report(sessions, order_id, "packed")
    reports, cache = Reports(order_id, work_of(order_id), [event]), ParameterCache()
    with sessions.begin() as session:
        first = relay_reports(session, cache, [reports], {event})

    # when
    with sessions.begin() as session:
        again = relay_reports(session, cache, [reports], {event})

    # then
    assert first == again
    assert again[0] is not None


def test_what_a_signal_leaves_out_is_known_to_the_order() -> None:
    road = Road(patience=5.0, heard_at=7.0)
    packed = Progress("packed", picked_units=3, shipment_id="S-1", waybill="W-1")
    shipped = Progress("shipped", picked_units=3, shipment_id="S-1", waybill="W-1", road=road)

    sent = [for_signal(packed), for_signal(shipped)]

    assert [with_known(one, 3, "S-1") for one in sent] == [packed, replace(shipped, road=Road(patience=5.0))]
    assert sent[1] == Progress("shipped", waybill="W-1", road=Road(patience=5.0))
