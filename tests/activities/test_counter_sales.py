"""Goods carried home from a store leave its stock once, whenever the till says so."""

from datetime import UTC, datetime

from sqlalchemy import select, update

from activities.elsewhere import Elsewhere, ElsewhereRequest, TakenElsewhere
from domain.elsewhere import ParcelElsewhere
from models.order import OrderRow, ParcelElsewhereRow
from models.stock import ReservationRow, StockRow
from record.orders.rows import parcel_row
from tests.activities.story import Steps
from tests.factories import LAMP

PLACE = "HANGZHOU"
OF_STORE = StockRow.sku == LAMP, StockRow.location_id == PLACE


def carry_home(steps: Steps, units: int = 2) -> TakenElsewhere:
    sold_at = datetime.now(UTC)
    parcel = ParcelElsewhere("carried_home", "", "", sold_at, sold_at, ((1, units),), PLACE)
    values = parcel_row(steps.order_id, parcel) | {"shipped_at": sold_at, "delivered_at": sold_at}
    with steps.sessions.begin() as session:
        session.merge(ParcelElsewhereRow(**values))
    return Elsewhere(steps.sessions).take_elsewhere(ElsewhereRequest(steps.order_id))


def lamps(steps: Steps) -> int:
    with steps.sessions() as session:
        return session.scalars(select(StockRow.on_hand).where(*OF_STORE)).one()


def test_what_was_to_be_sent_and_is_carried_home_leaves_the_store_once(steps: Steps) -> None:
    # given an accepted order
    steps.up_to("audit_order")
    before = lamps(steps)

    # when
    taken = [carry_home(steps) for _ in range(2)]

    # then
    assert [one.units for one in taken] == [2, 2]
    assert lamps(steps) == before - 2


def test_it_leaves_once_the_work_that_holds_it_is_called_back(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")
    before = lamps(steps)
    assert carry_home(steps).open_work == [steps.work]
    assert lamps(steps) == before

    # when
    steps.allocate.deallocate_stock(steps.undo(steps.work))
    Elsewhere(steps.sessions).take_elsewhere(ElsewhereRequest(steps.order_id))

    # then
    assert lamps(steps) == before - 2


def test_what_the_order_has_reserved_in_the_store_is_what_is_carried_home(steps: Steps) -> None:
    # given a store whose last lamps are reserved for the order that waits for them
    steps.up_to("reserve_stock")
    with steps.sessions.begin() as session:
        session.execute(update(StockRow).where(*OF_STORE).values(buffer=StockRow.buffer + StockRow.available))
    before = lamps(steps)

    # when
    carry_home(steps)

    # then the store has sold them, and is not asked to count
    with steps.sessions() as session:
        order = session.get_one(OrderRow, steps.order_id)
        claims = select(ReservationRow.sku).where(ReservationRow.order_id == steps.order_id)
        assert (order.attention, lamps(steps)) == (None, before - 2)
        assert LAMP not in session.scalars(claims).all()


def test_a_receipt_that_states_more_later_takes_only_what_is_new(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    before = lamps(steps)
    carry_home(steps, units=1)

    # when it is restated, and restated as before
    for units in (2, 1):
        carry_home(steps, units)

    # then
    assert lamps(steps) == before - 2
