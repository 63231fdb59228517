"""Requests that arrive together share a transaction, and none fails because of another."""

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from api.group_commit import GroupCommit, NotInTime, QueueFull, TooManyFail


class Ledger:
    """Commits numbers, but no group with a negative one, and none while `down`."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.down = False
        self.open = threading.Event()
        self.open.set()

    def __call__(self, items: Sequence[int]) -> list[str]:
        self.open.wait()
        if self.down:
            raise ConnectionError
        if any(item < 0 for item in items):
            raise ValueError(min(items))
        self.groups.append(list(items))
        return [f"took {item}" for item in items]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    yield ledger
    ledger.open.set()


async def test_a_lone_item_does_not_wait(ledger: Ledger) -> None:
    group = GroupCommit("test", ledger)
    assert await group.submit(1) == "took 1"
    assert await group.submit(2) == "took 2"
    assert ledger.groups == [[1], [2]]
    await group.close()


async def test_items_that_arrive_during_a_commit_are_one_group(ledger: Ledger) -> None:
    # given a commit that takes its time
    group = GroupCommit("test", ledger, largest_group=4)
    ledger.open.clear()
    answers = [asyncio.create_task(group.submit(item)) for item in range(7)]
    await asyncio.sleep(0.01)

    # when it ends
    ledger.open.set()

    # then the rest went together, up to the largest group
    assert await asyncio.gather(*answers) == [f"took {item}" for item in range(7)]
    assert [len(items) for items in ledger.groups] == [4, 3]
    await group.close()


@given(items=some.lists(some.integers(-3, 9), min_size=1, max_size=20))
def test_no_item_fails_because_of_another(items: list[int]) -> None:
    async def outcomes() -> list[str | BaseException]:
        group = GroupCommit("test", Ledger())
        answers = await asyncio.gather(*[group.submit(item) for item in items], return_exceptions=True)
        await group.close()
        return answers

    for item, outcome in zip(items, asyncio.run(outcomes()), strict=True):
        assert isinstance(outcome, ValueError) if item < 0 else outcome == f"took {item}"


async def test_bad_items_of_one_source_delay_others_only_for_a_bounded_time() -> None:
    # given 1,000 items that the record refuses, and between them items of another source
    tries = 0

    def commit(items: Sequence[tuple[str, int]]) -> list[str]:
        nonlocal tries
        tries += 1
        if any(number < 0 for _, number in items):
            raise ValueError
        return [f"took {number}" for _, number in items]

    group = GroupCommit("test", commit, source=lambda item: item[0])
    items = [("web", -1 - number) if number % 10 else ("shop", number) for number in range(1_000)]

    # when they arrive together
    answers = await asyncio.gather(*[group.submit(item) for item in items], return_exceptions=True)
    await group.close()

    # then all other items are committed, and only a limited number of bad ones are tried alone
    mine = [answer for (source, _), answer in zip(items, answers, strict=True) if source == "shop"]
    poison = [answer for (source, _), answer in zip(items, answers, strict=True) if source == "web"]
    assert mine == [f"took {number}" for number in range(0, 1_000, 10)]
    assert {type(answer) for answer in poison} == {ValueError, TooManyFail}
    assert tries < 50


async def test_after_a_hopeless_failure_items_are_not_tried_one_by_one(ledger: Ledger) -> None:
    calls = []

    def down(items: Sequence[int]) -> list[str]:
        calls.append(len(items))
        raise ConnectionError

    group = GroupCommit("test", down, hopeless=(ConnectionError,))
    answers = await asyncio.gather(*[group.submit(item) for item in range(9)], return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in answers)
    assert calls == [9]
    await group.close()


async def test_a_caller_that_goes_away_does_not_disturb_the_others(ledger: Ledger) -> None:
    group = GroupCommit("test", ledger)
    ledger.open.clear()
    gone, stays = (asyncio.create_task(group.submit(item)) for item in (1, 2))
    await asyncio.sleep(0.01)
    gone.cancel()
    ledger.open.set()
    assert await stays == "took 2"
    assert await group.submit(3) == "took 3"
    await group.close()


async def test_nobody_waits_longer_than_the_limit_while_the_database_hangs(ledger: Ledger) -> None:
    # given a commit that does not end
    group = GroupCommit("test", ledger, patience=0.05)
    ledger.open.clear()
    answers = [asyncio.create_task(group.submit(item)) for item in (1, 2)]

    # when the time limit is over
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotInTime, NotInTime]

    # then an item not yet started is not committed, and the next one is once the database is back
    ledger.open.set()
    assert await group.submit(3) == "took 3"
    assert ledger.groups in ([[1], [3]], [[1, 2], [3]])
    await group.close()


async def test_an_error_in_the_metrics_does_not_stop_the_group_commit(ledger: Ledger) -> None:
    sizes = iter(())
    group = GroupCommit("test", ledger, observe=lambda size: next(sizes))
    with pytest.raises(RuntimeError):
        await group.submit(1)
    sizes = iter([1])
    assert await group.submit(2) == "took 2"
    await group.close()


async def test_a_full_queue_refuses_at_once_and_recovers(ledger: Ledger) -> None:
    group = GroupCommit("test", ledger, longest_queue=10)
    ledger.open.clear()
    busy = asyncio.create_task(group.submit(1, weight=5))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(group.submit(2, weight=10))
    await asyncio.sleep(0.01)
    with pytest.raises(QueueFull):
        await group.submit(3)
    ledger.open.set()
    assert (await busy, await waiting) == ("took 1", "took 2")
    assert await group.submit(3) == "took 3"
    await group.close()


async def test_closing_commits_waiting_items_and_refuses_new_ones(ledger: Ledger) -> None:
    group = GroupCommit("test", ledger)
    ledger.open.clear()
    answers = [asyncio.create_task(group.submit(item)) for item in range(3)]
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(group.close())
    ledger.open.set()
    await closing
    assert await asyncio.gather(*answers) == ["took 0", "took 1", "took 2"]
    with pytest.raises(QueueFull):
        await group.submit(4)
