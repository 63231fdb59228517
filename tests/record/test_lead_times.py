"""Lead times are learned from delivered shipments, stored by version, and used by the next decision."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from activities.allocate import Allocate
from activities.lead_times import LeadTimes, Learned
from activities.reserve import StockRequest
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.sourcing import LeadTimeModelRow, LeadTimeRow, SourcingDecisionRow
from record.sourcing.lead_times import VERSIONS_KEPT, load_lead_times, refresh_lead_times
from tests.factories import LAMP, an_order, fresh_outlooks, place_orders, stock_shop

NOW = datetime.now(UTC)
WEDNESDAY = (NOW - timedelta(days=14 + (NOW.isoweekday() - 3) % 7)).replace(hour=10)


def delivered(sessions: Sessions, location: str, carrier: str, hours: list[float]) -> None:
    """Deliver shipments that left on a Wednesday and took these hours."""
    orders = [an_order([(LAMP, 1)]) for _ in hours]
    names = place_orders(sessions, orders)
    with sessions.begin() as session:
        for name, taken in zip(names, hours, strict=True):
            session.add(ShipmentRow(shipment_id=name, carrier=carrier, waybill=name, tracking_status="delivered"))
            session.flush()
            session.add(
                FulfillmentOrderRow(
                    fulfillment_order_id=f"{name}-1",
                    order_id=name,
                    number=1,
                    location_id=location,
                    status="delivered",
                    reason="a test",
                    shipment_id=name,
                    shipped_at=WEDNESDAY,
                    delivered_at=WEDNESDAY + timedelta(hours=taken),
                )
            )


def learn(sessions: Sessions) -> int:
    with sessions.begin() as session:
        return refresh_lead_times(session, NOW - timedelta(days=90)).version


def test_a_version_has_mean_and_spread_of_each_cell_and_of_the_wider_ones(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 9}})
    delivered(sessions, "HANGZHOU", "SF Express", [20, 30])
    delivered(sessions, "HANGZHOU", "JD Logistics", [60, 70])

    # when
    version = learn(sessions)

    # then
    with sessions() as session:
        rows = session.scalars(select(LeadTimeRow).where(LeadTimeRow.version == version)).all()
    cells = {(row.carrier, row.weekday): (row.shipments, round(row.hours), round(row.spread)) for row in rows}
    assert {row.region for row in rows} == {"CN/Zhejiang"}
    assert cells == {
        ("SF Express", 3): (2, 25, 5),
        ("SF Express", 0): (2, 25, 5),
        ("JD Logistics", 3): (2, 65, 5),
        ("JD Logistics", 0): (2, 65, 5),
        ("", 0): (4, 45, 21),
    }


def test_parcels_that_were_lost_or_are_too_old_do_not_count(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 9}})
    delivered(sessions, "HANGZHOU", "SF Express", [24 * 100])

    # when
    learn(sessions)

    # then
    with sessions() as session:
        assert session.scalars(select(LeadTimeModelRow.shipments)).all() == [0]
        assert load_lead_times(session).cells == {}


def test_the_next_decision_uses_what_was_learned_and_names_the_version(sessions: Sessions) -> None:
    # given: Chengdu is far, but Hangzhou is the slowest
    stock_shop(sessions, {"HANGZHOU": {LAMP: 9}, "CHENGDU": {LAMP: 9}})
    for carrier in ("SF Express", "JD Logistics", "YTO Express"):
        delivered(sessions, "HANGZHOU", carrier, [400] * 60)
        delivered(sessions, "CHENGDU", carrier, [10] * 60)
    version = learn(sessions)
    [order_id] = place_orders(sessions, [an_order([(LAMP, 1)])], "accepted")

    # when
    Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 1))

    # then
    with sessions() as session:
        decision = session.get_one(SourcingDecisionRow, (order_id, 1))
    assert list(decision.assignments) == ["CHENGDU"]
    assert decision.lead_times == version


def test_a_repeated_step_learns_once(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 9}})
    delivered(sessions, "HANGZHOU", "SF Express", [20])
    step = LeadTimes(sessions)

    # when
    first, again = step.learn_lead_times(), step.learn_lead_times()

    # then
    assert first == again
    assert first == Learned(first.version, 1)


def test_old_versions_are_deleted(sessions: Sessions) -> None:
    # when
    for _ in range(VERSIONS_KEPT + 2):
        learn(sessions)

    # then
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(LeadTimeModelRow)) == VERSIONS_KEPT
