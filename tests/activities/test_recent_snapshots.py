"""Four recipients of the same news cost one reading of the order, and none of them gets old news."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from domain.milestones import CANCELED, RECEIVED, RECIPIENTS
from record import journal
from record.messages.recent_snapshots import RecentSnapshots
from tests.activities.story import Steps

READS_LINES = "FROM order_lines"


@pytest.fixture
def read(steps: Steps) -> Iterator[list[str]]:
    """The statements that read the lines of orders."""
    statements = list[str]()

    def record(_: object, __: object, statement: str, *___: object) -> None:
        if READS_LINES in statement:
            statements.append(statement)

    engine = steps.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", record)
    yield statements
    event.remove(engine, "before_cursor_execute", record)


def announce(steps: Steps, milestone: str) -> None:
    with steps.sessions.begin() as session:
        journal.announce(session, steps.order_id, milestone)


def test_an_order_is_read_once_for_all_recipients_of_its_news(steps: Steps, read: list[str]) -> None:
    announce(steps, RECEIVED)

    assert [answer.taken for answer in steps.tell()] == [1] * len(RECIPIENTS)
    assert len(read) == 1


def test_what_was_read_before_the_news_is_read_again(steps: Steps, ask: Callable[..., Any]) -> None:
    # given
    announce(steps, RECEIVED)
    steps.tell("inbox")

    # when the total changes with the next news
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE orders SET grand_total_minor = 1200"))
        journal.announce(session, steps.order_id, CANCELED)
    steps.tell("inbox", "erp")

    # then
    messages = ask("/erp/messages", order_id=steps.order_id)["messages"]
    assert [message["data"]["grand_total"] for message in messages] == ["12.00", "12.00"]


def test_what_was_tried_before_is_read_again(
    steps: Steps, trouble: Callable[..., None], ask: Callable[..., Any]
) -> None:
    # given
    announce(steps, RECEIVED)
    trouble("erp", "part")
    announce(steps, CANCELED)
    steps.tell("erp")
    trouble("erp", "none")

    # when
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE orders SET grand_total_minor = 1200"))
    steps.tell("erp")

    # then
    assert ask("/erp/messages", order_id=steps.order_id)["messages"][1]["data"]["grand_total"] == "12.00"


def test_what_was_read_is_forgotten_soon(steps: Steps, read: list[str]) -> None:
    # given
    now = [0.0]
    steps.redeliver.rounds.letters.snapshots = RecentSnapshots(2.0, lambda: now[0])
    announce(steps, RECEIVED)
    steps.tell("inbox")

    # when
    now[0] = 2.5
    steps.tell("erp")

    # then
    assert len(read) == 2
