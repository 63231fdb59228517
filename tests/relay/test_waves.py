"""However large a wave is, no more of it is released at once than can be passed on to the warehouses."""

from typing import Any

import pytest
from sqlalchemy import func, select, text
from temporalio.testing import WorkflowEnvironment

from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from record.set_aside import MAX_ATTEMPTS
from relay.waves import WaveJob
from settings import Settings
from tests.factories import LAMP, an_order, place_orders, stock_shop

AHEAD = 30


@pytest.fixture
def waves(sessions: Sessions, temporal: WorkflowEnvironment, settings: Settings) -> WaveJob:
    return WaveJob(sessions, temporal.client, settings.model_copy(update={"relay_ahead": AHEAD}))


def a_wave_of(sessions: Sessions, number: int) -> None:
    """Plant `number` fulfillment orders whose wave is due; their orders have no workflow that would release them."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: number}})
    orders = place_orders(sessions, [an_order() for _ in range(number)])
    with sessions.begin() as session:
        session.add_all(
            FulfillmentOrderRow(
                fulfillment_order_id=f"{order}-F1",
                order_id=order,
                number=1,
                location_id="HANGZHOU",
                reason="near",
                wave_at=func.now(),
                wave_after=func.now(),
            )
            for order in orders
        )


async def test_a_large_wave_is_released_as_fast_as_the_warehouses_take_it(waves: WaveJob, sessions: Sessions) -> None:
    # given
    a_wave_of(sessions, 70)

    # when
    first = [await waves.carry() for _ in range(3)]
    with sessions.begin() as session:
        session.execute(text("UPDATE fulfillment_orders SET status = 'released' WHERE wave_told_at IS NOT NULL"))
    then = [await waves.carry() for _ in range(2)]

    # then
    assert (first, then) == ([AHEAD, 0, 0], [AHEAD, 0])
    with sessions() as session:
        signaled = select(func.count()).where(FulfillmentOrderRow.wave_told_at.is_not(None))
        assert session.scalar(signaled) == 2 * AHEAD


async def test_two_relays_take_different_work_of_a_wave(waves: WaveJob, sessions: Sessions) -> None:
    # given
    a_wave_of(sessions, 5)

    # when
    taken = [len(waves._take()) for _ in range(2)]

    # then
    assert taken == [5, 0]


async def test_work_that_cannot_be_signaled_is_set_aside_and_the_rest_of_the_wave_is_released(
    sessions: Sessions, temporal: WorkflowEnvironment, settings: Settings
) -> None:
    # given a wave of two, of which one has a defect
    a_wave_of(sessions, 2)
    with sessions() as session:
        broken = session.scalar(text("SELECT min(fulfillment_order_id) FROM fulfillment_orders"))

    class Defective(WaveJob):
        async def _signal(self, row: Any) -> bool:
            if row.fulfillment_order_id == broken:
                raise KeyError(broken)
            return await super()._signal(row)

    # when
    waves = Defective(sessions, temporal.client, settings)
    for _ in range(MAX_ATTEMPTS):
        await waves.carry()
        with sessions.begin() as session:
            session.execute(text("UPDATE fulfillment_orders SET wave_after = now() WHERE isfinite(wave_after)"))

    # then
    with sessions() as session:
        waiting = text("SELECT fulfillment_order_id FROM fulfillment_orders WHERE wave_told_at IS NULL")
        assert session.scalars(waiting).all() == [broken]
        aside = session.execute(text("SELECT kind, subject FROM set_asides WHERE aside_at IS NOT NULL")).one()
    assert aside == ("wave", broken)
