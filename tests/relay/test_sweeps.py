"""The relay erases a person who asked while an order was under way, once that order has ended."""

from sqlalchemy import text

from models.database import Sessions
from record.people.erasing import erase
from relay.sweeps import database_sweeps
from settings import Settings
from tests.factories import fresh_outlooks
from tests.planted import BUYER, find_names, plant


def test_a_person_is_erased_by_one_relay_when_the_last_order_has_ended(sessions: Sessions, settings: Settings) -> None:
    # given an order under way, and the relays of two workers
    order_id = plant(sessions, "in_progress")
    assert erase(sessions, [BUYER], "lin").under_way == [order_id]
    relays = [
        {sweep.job: sweep.run for sweep in database_sweeps(sessions, settings, fresh_outlooks())} for _ in range(2)
    ]
    assert [sweeps["erasures"]() for sweeps in relays] == [0, 0]

    # when the order ends
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'completed'"))

    # then one of the relays erases the person
    assert [sweeps["erasures"]() for sweeps in relays] == [1, 0]
    assert find_names(sessions) == []
