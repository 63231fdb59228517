"""sec_01: a text in a reason crashed every worker repeatedly. No fact may block the sealing of later ones."""

import pytest
from sqlalchemy import text

from models.database import Sessions
from record import journal
from record.set_aside import try_all_again
from record.trail.proving import links
from record.trail.sealing import Sealing
from tests.factories import place_order

PILL = "0001-01-01T00:00:00+14:00"
WITHOUT_TRIGGERS = text("SET LOCAL session_replication_role = replica")
# Python's JSON reads no number of this many digits, so not even the row can be read.
UNREADABLE = "9" * 5_000


@pytest.fixture
def order_id(sessions: Sessions) -> str:
    return place_order(sessions)


def append_fact(sessions: Sessions, order_id: str, what: str, **data: str) -> None:
    with sessions.begin() as session:
        journal.append_fact(session, order_id, what, what, data)


def faults(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return [link.fault for link in links(session) if link.fault]


def test_a_reason_that_overflows_as_a_time_is_sealed_like_any_other(sessions: Sessions, order_id: str) -> None:
    append_fact(sessions, order_id, "order.cancel_requested", reason=PILL)
    append_fact(sessions, order_id, "order.canceled")

    assert Sealing(sessions).run() == 2
    assert faults(sessions) == []


def test_an_unsealable_fact_is_set_aside_and_later_ones_are_sealed(sessions: Sessions, order_id: str) -> None:
    # given an unreadable fact among others
    for number in range(4):
        append_fact(sessions, order_id, f"order.step_{number}")
    number_of_facts = text(f"UPDATE order_events SET data = '{{\"n\": {UNREADABLE}}}' WHERE type = 'order.step_1'")
    with sessions.begin() as session:
        session.execute(WITHOUT_TRIGGERS)
        session.execute(number_of_facts)

    # when the log is sealed
    sealing = Sealing(sessions)
    while sealing.run():
        pass

    # then the others are sealed, and it is set aside with only the kind of error
    with sessions() as session:
        aside = session.execute(text("SELECT kind, reason FROM set_asides WHERE aside_at IS NOT NULL")).one()
        sealed = session.scalars(text("SELECT type FROM order_events JOIN event_seals USING (event_id)")).all()
    assert aside == ("fact", "ValueError")
    assert sorted(sealed) == ["order.step_0", "order.step_2", "order.step_3"]

    # when it is readable again, and a person has it retried
    with sessions.begin() as session:
        session.execute(WITHOUT_TRIGGERS)
        session.execute(text("UPDATE order_events SET data = '{}' WHERE type = 'order.step_1'"))
    named = faults(sessions)
    assert try_all_again(sessions, "fact") == 1
    sealing.run()

    # then it is sealed after the others, and there are no faults
    assert named == ["could not be sealed and is set aside"]
    assert faults(sessions) == []
    with sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM set_asides")) == 0


def test_a_database_error_sets_no_fact_aside(sessions: Sessions, order_id: str) -> None:
    append_fact(sessions, order_id, "order.received")
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE event_seals RENAME TO away"))
    try:
        with pytest.raises(Exception, match="event_seals"):
            Sealing(sessions).run()
    finally:
        with sessions.begin() as session:
            session.execute(text("ALTER TABLE away RENAME TO event_seals"))

    assert Sealing(sessions).run() == 1
