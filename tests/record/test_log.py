"""The log as a queue: nothing is skipped, whatever order transactions are committed in, and nobody reads ahead."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from models.database import Sessions
from models.horizon import LogHorizon
from record import journal
from record.subscriptions.log import entries
from tests.factories import place_order


def write(session: Session, order_id: str, key: str) -> None:
    journal.append_fact(session, order_id, "order.held", key, {"code": key})
    session.flush()


class Reader:
    """What a worker reads of the log, look after look."""

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


def test_what_is_committed_is_read_at_once(sessions: Sessions, reader: Reader, order_id: str) -> None:
    with sessions.begin() as session:
        write(session, order_id, "FIRST")

    assert reader.read() == ["FIRST"]
    assert reader.read() == []


def test_a_fact_with_a_lower_number_that_is_committed_later_is_not_skipped(
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

    # Then nobody read past the open number, and both are read in the order of their numbers
    assert before == [[], []]
    assert after == ["SLOW", "QUICK"]


def test_a_number_that_was_given_up_holds_up_nobody(
    sessions: Sessions, reader: Reader, order_id: str, slow: Session
) -> None:
    write(slow, order_id, "NEVER")
    with sessions.begin() as session:
        write(session, order_id, "QUICK")
    assert reader.read() == []

    slow.rollback()

    assert reader.read() == ["QUICK"]


def test_writers_that_never_pause_do_not_keep_the_log_from_being_read(
    sessions: Sessions, reader: Reader, order_id: str
) -> None:
    # Given writers of which one is open at every moment
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

    # Then it lags behind by one look
    assert read == ["0", "1", "2", "3", "4"]


def test_two_readers_read_the_same(sessions: Sessions, order_id: str) -> None:
    for key in ("FIRST", "SECOND"):
        with sessions.begin() as session:
            write(session, order_id, key)

    assert Reader(sessions).read() == Reader(sessions).read() == ["FIRST", "SECOND"]
