"""Moving work that waits for its release: only when it saves enough, twice at most, and without losing stock."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from activities.allocate import Allocate
from activities.merge import Merge, MergeRequest
from activities.reserve import StockRequest
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderEventRow, OrderRow
from models.sourcing import SourcingDecisionRow
from models.stock import LocationRow, ReservationRow
from record.set_aside import MAX_ATTEMPTS
from record.sourcing.allocations import Allocation
from record.sourcing.plans import MAX_MOVES
from record.sourcing.reconsider import Reconsider
from tests.factories import (
    LAMP,
    TEACUP,
    an_order,
    assert_ledger_explains_stock,
    counters,
    events_of,
    fresh_outlooks,
    place_orders,
    stock_shop,
)

HOUR = timedelta(hours=1).total_seconds()


def accepted(sessions: Sessions, lines: list[tuple[str, int]]) -> str:
    return place_orders(sessions, [an_order(lines)], "accepted")[0]


def allocate(sessions: Sessions, order_id: str, number: int = 1) -> Allocation:
    return Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, number))


def waiting(sessions: Sessions, order_id: str, number: int = 1) -> str:
    """Allocate, and wait an hour for orders to merge with; return the fulfillment order."""
    [work] = allocate(sessions, order_id, number).work
    Merge(sessions).join_merge(MergeRequest(order_id, work.fulfillment_order_id, HOUR))
    return work.fulfillment_order_id


def look(sessions: Sessions) -> int:
    return Reconsider(sessions, fresh_outlooks(0)).run()


def moved(sessions: Sessions, order_id: str) -> list[dict[str, Any]]:
    with sessions() as session:
        log = select(OrderEventRow.data).where(OrderEventRow.order_id == order_id)
        return list(session.scalars(log.where(OrderEventRow.type == "sourcing.reconsidered")))


@pytest.fixture
def far(sessions: Sessions) -> Sessions:
    """Lamps in Chengdu, far from the receiver, and none near by."""
    stock_shop(sessions, {"CHENGDU": {LAMP: 10, TEACUP: 10}, "HANGZHOU": {TEACUP: 10}})
    return sessions


def test_new_stock_near_by_takes_over_waiting_work(far: Sessions) -> None:
    # given
    order_id = accepted(far, [(LAMP, 2)])
    work = waiting(far, order_id)
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})

    # when
    number = look(far)

    # then: the stock is reserved near by, and the order is told
    assert number == 1
    with far() as session:
        assert session.get_one(FulfillmentOrderRow, work).status == "canceled"
        assert [(row.location_id, row.quantity) for row in session.scalars(select(ReservationRow))] == [("HANGZHOU", 2)]
        assert work in session.scalars(select(PartnerEventRow.subject)).all()
    assert counters(far, LAMP, "CHENGDU") == {"on_hand": 10, "available": 10}
    [event] = moved(far, order_id)
    assert event["why"].startswith("moved from CHENGDU to HANGZHOU: saves ")

    # when it allocates again
    again = allocate(far, order_id, 2)

    # then
    assert [one.location_id for one in again.work] == ["HANGZHOU"]
    assert again.why.startswith(event["why"])
    with far() as session:
        assert session.get_one(SourcingDecisionRow, (order_id, 2)).policy == "moved"
    assert_ledger_explains_stock(far)


def test_a_move_that_saves_little_is_not_made(far: Sessions) -> None:
    # given
    order_id = accepted(far, [(LAMP, 2)])
    waiting(far, order_id)
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})
    with far.begin() as session:
        dear = text("""UPDATE parameters SET value = jsonb_set(value, '{reconsider_above}', '900000')
                       WHERE name = 'sourcing_weights'""")
        session.execute(dear)

    # when / then
    assert look(far) == 0
    with far.begin() as session:
        session.execute(text(dear.text.replace("900000", "500")))


def test_work_released_or_about_to_be_released_is_not_moved(far: Sessions) -> None:
    # given one that waits for nobody, and one whose window is nearly over
    allocate(far, accepted(far, [(LAMP, 1)]))
    waiting(far, accepted(far, [(LAMP, 1)]))
    with far.begin() as session:
        session.execute(text("UPDATE merges SET closes_at = now() + interval '30 seconds'"))
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})

    # when / then
    assert look(far) == 0


def test_work_that_a_person_assigned_to_a_location_is_not_moved(far: Sessions) -> None:
    # given
    order_id = accepted(far, [(LAMP, 1)])
    with far.begin() as session:
        session.execute(
            update(OrderRow).where(OrderRow.order_id == order_id).values(instructions={"location": "CHENGDU"})
        )
    waiting(far, order_id)
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})

    # when / then
    assert look(far) == 0


def test_waiting_work_is_moved_away_from_an_overloaded_location(far: Sessions) -> None:
    # given: Hangzhou has both, and more than its day's work
    order_id = accepted(far, [(TEACUP, 1)])
    waiting(far, order_id)
    allocate(far, accepted(far, [(TEACUP, 3)]))
    with far.begin() as session:
        tight = update(LocationRow).where(LocationRow.location_id == "HANGZHOU")
        session.execute(tight.values(capacity_units_per_day=3))

    # when
    number = look(far)

    # then
    assert number == 1
    [event] = moved(far, order_id)
    assert event["why"] == "moved from HANGZHOU to CHENGDU: its day is full: 3 of 3 units"


def test_an_order_joins_a_parcel_that_leaves_from_elsewhere_anyway(sessions: Sessions) -> None:
    # given: one order must come from Ningbo, the other may
    stock_shop(sessions, {"HANGZHOU": {LAMP: 5}, "NINGBO": {LAMP: 5, TEACUP: 5}})
    lamp, cup = accepted(sessions, [(LAMP, 1)]), accepted(sessions, [(TEACUP, 1)])
    waiting(sessions, lamp)
    waiting(sessions, cup)

    # when
    number = look(sessions)

    # then
    assert number == 1
    assert moved(sessions, lamp)[0]["to"] == ["NINGBO"]
    assert [one.location_id for one in allocate(sessions, lamp, 2).work] == ["NINGBO"]


def test_an_order_is_moved_twice_at_most(far: Sessions) -> None:
    # given
    order_id = accepted(far, [(LAMP, 1)])
    waiting(far, order_id)
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})

    # when each place is closed as soon as the order has come there, and the other opened
    moves = [look(far)]
    for number, here in ((2, "HANGZHOU"), (3, "CHENGDU")):
        waiting(far, order_id, number)
        with far.begin() as session:
            session.execute(update(LocationRow).values(kind="warehouse"))
            session.execute(update(LocationRow).where(LocationRow.location_id == here).values(kind="virtual"))
        moves.append(look(far))

    # then
    assert moves == [1, 1, 0]
    assert len(moved(far, order_id)) == MAX_MOVES
    assert events_of(far, order_id).count("sourcing.decided") == 3
    assert_ledger_explains_stock(far)


def test_looking_twice_moves_once(far: Sessions) -> None:
    # given
    waiting(far, accepted(far, [(LAMP, 1)]))
    stock_shop(far, {"HANGZHOU": {LAMP: 10}})

    # when / then
    assert [look(far), look(far)] == [1, 0]
    assert_ledger_explains_stock(far)


def test_work_that_fails_to_be_reconsidered_is_set_aside_and_blocks_no_other(sessions: Sessions) -> None:
    # given work that waits, of which some has a defect
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    broken, other = sorted(waiting(sessions, accepted(sessions, [(LAMP, 1)])) for _ in range(2))
    seen = list[str]()

    class Defective(Reconsider):
        def _reconsider(self, name: str) -> bool:
            seen.append(name)
            if name == broken:
                raise KeyError(name)
            return super()._reconsider(name)

    # when
    looking = Defective(sessions, fresh_outlooks(0))
    for _ in range(MAX_ATTEMPTS + 1):
        looking.run()

    # then
    assert (seen.count(broken), seen.count(other)) == (MAX_ATTEMPTS, MAX_ATTEMPTS + 1)
