"""Sourcing decisions: kept with all their inputs, and steered by rules, channels and locations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from activities.allocate import Allocate
from activities.audit import AuditRequest
from activities.reserve import Reserve, StockRequest
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.parameters import ParameterRow
from models.sourcing import SourcingDecisionRow
from models.stock import LocationRow, ProductRow
from record.parameters import ParameterCache
from record.sourcing.allocations import Allocation
from record.sourcing.exact import solve_exactly
from record.sourcing.outlooks import OutlookCache
from tests.activities.rule_sets import rules_in_force
from tests.activities.story import Steps
from tests.factories import LAMP, RECEIVER, TEACUP, an_order, fresh_outlooks, place_orders, stock_shop

NOW = datetime.now(UTC)


def accepted(sessions: Sessions, lines: list[tuple[str, int]]) -> str:
    return place_orders(sessions, [an_order(lines)], "accepted")[0]


def allocated(sessions: Sessions, order_id: str, number: int = 1) -> Allocation:
    return Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, number))


def decision_of(sessions: Sessions, order_id: str, number: int = 1) -> SourcingDecisionRow:
    with sessions() as session:
        return session.get_one(SourcingDecisionRow, (order_id, number))


def change(sessions: Sessions, location: str, **columns: Any) -> None:
    with sessions.begin() as session:
        session.execute(update(LocationRow).where(LocationRow.location_id == location).values(**columns))


def set_parameter(sessions: Sessions, name: str, value: Any) -> None:
    with sessions.begin() as session:
        session.add(ParameterRow(name=name, value=value, valid_from=NOW, source="a test", set_by="Lin"))


def test_the_decision_is_kept_with_every_candidate_by_term_and_all_versions(stocked: Sessions) -> None:
    # given
    order_id = accepted(stocked, [(LAMP, 2)])

    # when
    allocation = allocated(stocked, order_id)

    # then
    row = decision_of(stocked, order_id)
    assert row.assignments == {"HANGZHOU": {LAMP: 2}}
    assert [score["location_id"] for score in row.scores] == ["HANGZHOU", "CHENGDU"]
    assert set(row.scores[0]["terms"]) == {"freight", "processing", "load", "lead_time", "late"}
    assert row.cost_minor == row.scores[0]["total"]
    assert {one["location_id"] for one in row.inputs["candidates"]} == {"HANGZHOU", "CHENGDU"}
    assert (row.policy, row.solved, row.lead_times, len(row.parameters)) == ("balanced", "fast", 0, 12)
    assert row.reason == allocation.why
    assert row.reason.startswith("balanced: HANGZHOU has all, costs ")
    assert "next CHENGDU for " in row.reason


def test_a_decision_names_nobody(stocked: Sessions) -> None:
    # given
    order_id = accepted(stocked, [(LAMP, 2)])

    # when
    allocated(stocked, order_id)

    # then
    everything = repr(vars(decision_of(stocked, order_id)))
    assert [word for word in map(str, RECEIVER.values()) if word in everything] == []


def test_a_repeated_step_decides_once(stocked: Sessions) -> None:
    # given
    order_id = accepted(stocked, [(LAMP, 2)])

    # when
    first, again = allocated(stocked, order_id), allocated(stocked, order_id)

    # then
    assert first == again
    assert first.why


def test_a_rule_of_staff_chooses_the_policy(steps: Steps) -> None:
    # given
    earliest = {"type": "set_sourcing_policy", "sourcing_policy": "earliest_delivery"}
    rules_in_force(steps.sessions, ("soon", "order.units > 0", earliest))

    # when
    steps.audit.audit_order(AuditRequest(steps.order_id, 1))
    allocated(steps.sessions, steps.order_id)

    # then
    row = decision_of(steps.sessions, steps.order_id)
    assert row.policy == "earliest_delivery"
    assert row.rule_set_id is not None


def test_a_channel_has_policies_of_its_own(stocked: Sessions) -> None:
    # given
    set_parameter(stocked, "sourcing_policies", {"*": ["balanced"], "tmall": ["nearest"]})
    order_id = accepted(stocked, [(LAMP, 2)])

    # when
    allocated(stocked, order_id)

    # then
    assert decision_of(stocked, order_id).policy == "nearest"


def test_a_location_whose_day_is_full_is_passed_over_while_others_have_the_goods(stocked: Sessions) -> None:
    # given
    change(stocked, "HANGZHOU", capacity_units_per_day=2)
    allocated(stocked, accepted(stocked, [(LAMP, 2)]))
    order_id, more = accepted(stocked, [(LAMP, 2)]), accepted(stocked, [(TEACUP, 1)])

    # when
    allocated(stocked, order_id)
    allocated(stocked, more)

    # then
    row = decision_of(stocked, order_id)
    assert row.assignments == {"CHENGDU": {LAMP: 2}}
    assert row.excluded == {"HANGZHOU": "its day is full: 2 of 2 units"}
    assert decision_of(stocked, more).assignments == {"HANGZHOU": {TEACUP: 1}}


def test_goods_that_customs_must_clear_ship_from_a_bonded_location(stocked: Sessions) -> None:
    # given
    with stocked.begin() as session:
        session.execute(update(ProductRow).where(ProductRow.sku == LAMP).values(cross_border=True))
    change(stocked, "CHENGDU", bonded=True)
    order_id = accepted(stocked, [(LAMP, 1)])

    # when
    allocated(stocked, order_id)

    # then
    row = decision_of(stocked, order_id)
    assert row.assignments == {"CHENGDU": {LAMP: 1}}
    assert row.excluded == {"HANGZHOU": "it is not bonded, and customs must clear the goods"}


def test_a_location_just_added_is_known_at_once(stocked: Sessions) -> None:
    # given
    reserve = Reserve(stocked, fresh_outlooks(600))
    reserve.reserve_stock(StockRequest(accepted(stocked, [(LAMP, 1)]), 1))
    stock_shop(stocked, {"LONDON": {"WOOL-RUG": 1}})

    # when
    reservation = reserve.reserve_stock(StockRequest(accepted(stocked, [("WOOL-RUG", 1)]), 1))

    # then
    assert reservation.locations == ["LONDON"]


def test_a_hard_split_is_solved_exactly(stocked: Sessions) -> None:
    # given: twelve SKUs of which no location has all, and settings that ask for the best split
    skus = [f"SKU-{number}" for number in range(12)]
    stock_shop(
        stocked,
        {
            f"PLACE-{place}": {sku: 5 for at, sku in enumerate(skus) if (at * 7 + place * 3) % 5 < 2}
            for place in range(8)
        },
    )
    with stocked() as session:
        weights = session.query(ParameterRow.value).filter_by(name="sourcing_weights").scalar()
    set_parameter(stocked, "sourcing_weights", weights | {"exact_above": 0, "exact_milliseconds": 5_000})
    order_id = accepted(stocked, [(sku, 1) for sku in skus])

    # when
    Allocate(stocked, OutlookCache(ParameterCache(), solve_exactly)).allocate_stock(StockRequest(order_id, 1))

    # then
    row = decision_of(stocked, order_id)
    assert len(row.assignments) > 1
    assert row.solved in ("fast", "exact")


@pytest.mark.parametrize("wish", ["DHL Express", "SF Express"])
def test_only_offers_of_the_requested_carrier_are_considered(stocked: Sessions, wish: str) -> None:
    # given
    order_id = accepted(stocked, [(LAMP, 1)])
    with stocked.begin() as session:
        session.get_one(OrderRow, order_id).instructions = {"carrier": wish}

    # when
    allocated(stocked, order_id)

    # then
    candidates = decision_of(stocked, order_id).inputs["candidates"]
    assert {one["carrier"] for one in candidates} == {wish}


def test_fulfillment_orders_of_yesterday_do_not_fill_today(stocked: Sessions) -> None:
    # given
    change(stocked, "HANGZHOU", capacity_units_per_day=2)
    allocated(stocked, accepted(stocked, [(LAMP, 2)]))
    with stocked.begin() as session:
        session.execute(update(FulfillmentOrderRow).values(created_at=NOW - timedelta(days=2)))
    order_id = accepted(stocked, [(LAMP, 2)])

    # when
    allocated(stocked, order_id)

    # then
    assert decision_of(stocked, order_id).assignments == {"HANGZHOU": {LAMP: 2}}
