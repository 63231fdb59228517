"""Reading the log skips nothing, in whatever sequence transactions commit, and never reads past an open one."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from models.database import Sessions
from record import journal
from record.horizon import LogHorizon
from record.subscriptions.log import entries
from tests.factories import place_order


def write(session: Session, order_id: str, key: str) -> None:
    journal.append_fact(session, order_id, "order.held", key, {"code": key})
    session.flush()


class Reader:
    """Reads the log as a worker does, poll after poll."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._horizon = LogHorizon()
        self._position = 0

    def read(self) -> list[str]:
        with self._sessions() as session:
            up_to = self._horizon.look(session)
            facts = entries(session, self._position, up_to, 100)
        self._position = up_to
        return [fact.data["code"] for fact in facts]


@pytest.fixture
def reader(sessions: Sessions) -> Reader:
    return Reader(sessions)


@pytest.fixture
def order_id(sessions: Sessions) -> str:
    return place_order(sessions)


@pytest.fixture
def slow(sessions: Sessions) -> Iterator[Session]:
    """A transaction that stays open."""
    session = sessions()
    yield session
    session.close()


def test_a_committed_fact_is_read_at_once(sessions: Sessions, reader: Reader, order_id: str) -> None:
    with sessions.begin() as session:
        write(session, order_id, "FIRST")

    assert reader.read() == ["FIRST"]
    assert reader.read() == []


def test_a_lower_number_committed_later_is_not_skipped(
    sessions: Sessions, reader: Reader, order_id: str, slow: Session
) -> None:
    # Given a transaction that has drawn a number and stays open, and one that has a higher number and is committed
    write(slow, order_id, "SLOW")
    with sessions.begin() as session:
        write(session, order_id, "QUICK")

    # When the log is read before and after the slow one is committed
    before = [reader.read(), reader.read()]
    slow.commit()
    after = reader.read()

    # Then nothing past the open number is read, and both are read in the sequence of their numbers
    assert before == [[], []]
    assert after == ["SLOW", "QUICK"]


def test_a_number_that_was_rolled_back_blocks_nothing(
    sessions: Sessions, reader: Reader, order_id: str, slow: Session
) -> None:
    write(slow, order_id, "NEVER")
    with sessions.begin() as session:
        write(session, order_id, "QUICK")
    assert reader.read() == []

    slow.rollback()

    assert reader.read() == ["QUICK"]


def test_writers_that_never_pause_do_not_block_reading(sessions: Sessions, reader: Reader, order_id: str) -> None:
    # Given writers, one of which is always open
    read, writer = list[str](), sessions()
    write(writer, order_id, "0")
    for number in range(1, 6):
        following = sessions()
        write(following, order_id, str(number))
        writer.commit()
        writer.close()

        # When the log is read meanwhile
        read += reader.read()
        writer = following
    writer.rollback()
    writer.close()

    # Then it lags by one poll
    assert read == ["0", "1", "2", "3", "4"]


def test_two_readers_read_the_same(sessions: Sessions, order_id: str) -> None:
    for key in ("FIRST", "SECOND"):
        with sessions.begin() as session:
            write(session, order_id, key)

    assert Reader(sessions).read() == Reader(sessions).read() == ["FIRST", "SECOND"]
