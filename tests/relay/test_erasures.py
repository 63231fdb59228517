"""The relay forgets whoever asked while an order was under way, once it has ended."""

from sqlalchemy import text

from models.database import Sessions
from record.people.erasing import erase
from relay.erasures import Erasures
from tests.planted import BUYER, named, plant


async def test_a_person_is_forgotten_when_the_last_order_has_ended_and_nobody_asks_again(sessions: Sessions) -> None:
    # given
    order_id = plant(sessions, "in_progress")
    assert erase(sessions, [BUYER], "lin").under_way == [order_id]
    several = Erasures(sessions), Erasures(sessions)
    assert [await one.carry() for one in several] == [0, 0]

    # when
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'completed'"))

    # then one of two workers does it
    assert [await one.carry() for one in several] == [1, 0]
    assert named(sessions) == []
