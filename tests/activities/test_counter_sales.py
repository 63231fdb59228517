"""Goods carried home from a store leave its stock once, whenever the till says so."""

from datetime import UTC, datetime

from sqlalchemy import select

from activities.elsewhere import Elsewhere, ElsewhereRequest, TakenElsewhere
from domain.elsewhere import ParcelElsewhere
from models.order import ParcelElsewhereRow
from models.stock import StockRow
from record.orders.rows import parcel_row
from tests.activities.story import Steps
from tests.factories import LAMP

PLACE = "HANGZHOU"


def carry_home(steps: Steps) -> TakenElsewhere:
    sold_at = datetime.now(UTC)
    parcel = ParcelElsewhere("carried_home", "", "", sold_at, sold_at, ((1, 2),), PLACE)
    values = parcel_row(steps.order_id, parcel) | {"shipped_at": sold_at, "delivered_at": sold_at}
    with steps.sessions.begin() as session:
        session.merge(ParcelElsewhereRow(**values))
    return Elsewhere(steps.sessions).take_elsewhere(ElsewhereRequest(steps.order_id))


def lamps(steps: Steps) -> int:
    of_store = StockRow.sku == LAMP, StockRow.location_id == PLACE
    with steps.sessions() as session:
        return session.scalars(select(StockRow.on_hand).where(*of_store)).one()


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
