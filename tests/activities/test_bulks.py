"""Bulks at work: each item is acted on once, whatever ends the step, and trouble only delays."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.bulks import BulkProgress, BulkRequest, Bulks
from domain.bulk import Answered
from domain.errors import PartnerTrouble
from domain.ids import new_bulk_id
from models.bulk import BulkItemRow, BulkRow
from models.database import Sessions
from record.bulks import write_bulk

FAST = 1_000.0
Say = Callable[[str, int], Answered]


class Orders:
    """Answers acts as the API would, and counts them by idempotency key."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.asked = Counter[str]()
        self.up = True

    async def act(self, key_id: str, command: str, subject_id: str, given: Mapping[str, Any], once: str) -> Answered:
        self.asked[once] += 1
        return self.say(subject_id, self.asked[once])

    async def all_is_up(self) -> bool:
        return self.up


def planted(sessions: Sessions, *subjects: str) -> str:
    about = {"command": "cancel", "parameters": {"reason": "late"}, "key_id": "key_1", "actor": "Sun of support"}
    bulk = BulkRow(bulk_id=new_bulk_id(), request_key="1", fingerprint="", **about)
    with sessions.begin() as session:
        write_bulk(session, bulk, subjects)
    return bulk.bulk_id


async def run(sessions: Sessions, orders: Orders, bulk_id: str, seconds: float = 30.0) -> BulkProgress:
    steps = Bulks(sessions, orders, FAST, seconds)
    answer: BulkProgress = await ActivityEnvironment().run(steps.act_on_batch, BulkRequest(bulk_id))
    return answer


def results(sessions: Sessions, bulk_id: str) -> dict[str, tuple[str, str]]:
    with sessions() as session:
        rows = session.query(BulkItemRow).filter(BulkItemRow.bulk_id == bulk_id).order_by(BulkItemRow.item_no)
        return {row.subject_id: (row.state, row.code) for row in rows}


def bulk_of(sessions: Sessions, bulk_id: str) -> BulkRow:
    with sessions() as session:
        return session.get_one(BulkRow, bulk_id)


async def test_each_item_has_an_answer_of_its_own_and_none_stops_the_others(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.bulks.PAUSE_SECONDS", 0)
    said = {
        "GOOD": Answered(200, "done"),
        "LATE": Answered(409, "refused", "the order is already completed"),
        "NONE": Answered(404, "not-found", "there is no such order"),
        "BROKEN": Answered(500, "internal"),
        "SLOW": Answered(202, "pending"),
    }
    orders, bulk_id = Orders(lambda subject, _: said[subject]), planted(sessions, *said)

    assert await run(sessions, orders, bulk_id) == BulkProgress(5)

    assert results(sessions, bulk_id) == {
        "GOOD": ("done", ""),
        "LATE": ("refused", "refused"),
        "NONE": ("not_found", "not-found"),
        "BROKEN": ("failed", "internal"),
        "SLOW": ("pending", "pending"),
    }
    bulk = bulk_of(sessions, bulk_id)
    assert (bulk.done, bulk.refused, bulk.not_found, bulk.failed, bulk.pending) == (1, 1, 1, 1, 1)
    assert bulk.ended_at is not None
    # Each further question is one of its own: the answer that was kept for the first one would come again.
    assert [count for once, count in orders.asked.items() if "/5/" in once] == [1, 1, 1]
    # After its end nothing more is done.
    assert await run(sessions, orders, bulk_id) == BulkProgress()


async def test_what_ends_between_an_act_and_its_record_is_asked_again_by_the_same_key(sessions: Sessions) -> None:
    # given a worker that is killed when five of twenty are answered, one of them not written down yet
    killed = asyncio.Event()

    def die(subject: str, times: int) -> Answered:
        if subject == "ORDER-5" and not killed.is_set():
            killed.set()
            raise asyncio.CancelledError
        return Answered(200, "done")

    names = [f"ORDER-{number}" for number in range(1, 21)]
    orders, bulk_id = Orders(die), planted(sessions, *names)
    with pytest.raises(asyncio.CancelledError):
        await run(sessions, orders, bulk_id)

    # when another goes on
    await run(sessions, orders, bulk_id)

    # then all are done, and only what had no record was asked twice
    assert set(results(sessions, bulk_id).values()) == {("done", "")}
    assert orders.asked.pop(f"{bulk_id}/5/0") == 2
    assert set(orders.asked.values()) == {1}
    assert bulk_of(sessions, bulk_id).done == 20


async def test_while_a_part_is_down_no_item_is_to_blame(sessions: Sessions) -> None:
    orders, bulk_id = Orders(lambda *_: Answered(503, "unavailable")), planted(sessions, "A", "B")
    orders.up = False
    for _ in range(9):
        with pytest.raises(PartnerTrouble):
            await run(sessions, orders, bulk_id)
    assert set(results(sessions, bulk_id).values()) == {("waiting", "")}

    orders.say = lambda *_: Answered(200, "done")
    assert await run(sessions, orders, bulk_id) == BulkProgress(2)


async def test_a_batch_ends_in_time_and_says_that_there_is_more(sessions: Sessions) -> None:
    orders, bulk_id = Orders(lambda *_: Answered(200, "done")), planted(sessions, *map(str, range(50)))
    first = await run(sessions, orders, bulk_id, seconds=0.02)
    assert first.more
    assert first.settled < 50
    assert (await run(sessions, orders, bulk_id)).settled == 50 - first.settled
