"""Claims that wait together share a transaction, and a bad one fails alone."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy.exc import OperationalError

from activities.claim_desk import ClaimDesk, DeskBusy


class Counter:
    """A commit that refuses groups with a negative number, and every group while it is `cut`; `alone` always works."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.cut = False
        self.open = Event()
        self.open.set()

    def __call__(self, claims: Sequence[int]) -> list[str]:
        self.groups.append(list(claims))
        self.open.wait()
        if self.cut:
            raise OperationalError("the connection was cut", None, Exception())
        if any(claim < 0 for claim in claims):
            raise ValueError(min(claims))
        return [f"served {claim}" for claim in claims]

    def alone(self, claim: int) -> str:
        return f"served {claim} alone"


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter = Counter()
    yield counter
    counter.open.set()


def queue_up(counter: Counter, threads: ThreadPoolExecutor, claims: Sequence[int]) -> list[Future[str]]:
    """Start committing the first claim, and queue the others in this sequence."""
    desk = ClaimDesk(counter, counter.alone)
    counter.open.clear()
    waiting = []
    for place, claim in enumerate(claims):
        waiting.append(threads.submit(desk.submit, claim))
        until(lambda place=place: bool(counter.groups) and len(desk._queue) >= place)
    return waiting


def test_a_lone_claim_does_not_wait(counter: Counter) -> None:
    desk = ClaimDesk(counter, counter.alone)
    assert [desk.submit(1), desk.submit(2)] == ["served 1", "served 2"]
    assert counter.groups == [[1], [2]]


def test_claims_that_arrive_during_a_commit_form_one_group_in_order(counter: Counter) -> None:
    with ThreadPoolExecutor(9) as threads:
        waiting = queue_up(counter, threads, range(9))
        counter.open.set()
        assert [one.result() for one in waiting] == [f"served {claim}" for claim in range(9)]
    assert counter.groups == [[0], [1, 2, 3, 4, 5, 6, 7, 8]]


def test_claims_that_follow_each_other_closely_wait_for_the_next(counter: Counter) -> None:
    desk = ClaimDesk(counter, counter.alone, company=60, largest=3)
    with ThreadPoolExecutor(3) as threads:
        desk.submit(0)
        answers = list(threads.map(desk.submit, [1, 2, 3]))
    assert answers == ["served 1", "served 2", "served 3"]
    assert [len(group) for group in counter.groups] == [1, 3]


def test_a_bad_claim_fails_alone(counter: Counter) -> None:
    with ThreadPoolExecutor(9) as threads:
        waiting = queue_up(counter, threads, [0, 1, 2, -3, 4, 5, 6, 7, 8])
        counter.open.set()
        assert [type(one.exception()) for one in waiting] == [type(None)] * 3 + [ValueError] + [type(None)] * 5
    assert counter.groups == [[0], [1, 2, -3, 4, 5, 6, 7, 8], [1, 2, -3, 4], [1, 2], [-3, 4], [-3], [4], [5, 6, 7, 8]]


def test_when_the_connection_is_cut_each_claim_is_tried_alone(counter: Counter) -> None:
    counter.cut = True
    with ThreadPoolExecutor(4) as threads:
        waiting = queue_up(counter, threads, range(4))
        counter.open.set()
        assert [one.result() for one in waiting] == [f"served {claim} alone" for claim in range(4)]
    assert counter.groups == [[0], [1, 2, 3]]


def test_a_claim_not_answered_in_time_frees_its_thread(counter: Counter) -> None:
    # given a commit that does not end
    desk = ClaimDesk(counter, counter.alone, patience=0.05)
    counter.open.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(desk.submit, 0)
        until(lambda: bool(counter.groups))

        # when another one waits
        with pytest.raises(DeskBusy):
            threads.submit(desk.submit, 1).result(timeout=10)

        # then it is out of the queue, and the desk serves again when the commit has ended
        counter.open.set()
        assert (first.result(), desk.submit(2)) == ("served 0", "served 2")
    assert counter.groups == [[0], [2]]


def test_a_turn_held_too_long_is_taken_over(counter: Counter) -> None:
    # given a thread that is stuck in the database, and one that waits behind it
    desk = ClaimDesk(counter, counter.alone, turn=0.05)
    counter.open.clear()
    with ThreadPoolExecutor(3) as threads:
        lost = threads.submit(desk.submit, 0)
        until(lambda: bool(counter.groups))
        behind = threads.submit(desk.submit, 1)
        until(lambda: len(desk._queue) == 1)
        sleep(0.06)

        # when the next claim comes
        served = [threads.submit(desk.submit, 2)]
        until(lambda: len(counter.groups) == 2)

        # then it takes over the turn with all waiting claims, and the old turn hands nothing on
        counter.open.set()
        assert [one.result() for one in (lost, behind, *served)] == ["served 0", "served 1", "served 2"]
    assert counter.groups == [[0], [1, 2]]
    assert (desk.submit(3), counter.groups[2:]) == ("served 3", [[3]])


def until(holds: Callable[[], bool]) -> None:
    give_up = monotonic() + 5
    while not holds():
        assert monotonic() < give_up
        sleep(0.001)


@given(claims=some.lists(some.integers(-3, 9), min_size=1, max_size=30))
def test_each_claim_gets_its_own_answer_in_any_group(claims: list[int]) -> None:
    counter = Counter()
    desk = ClaimDesk(counter, counter.alone)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(desk.submit, claim) for claim in claims]
        for claim, one in zip(claims, waiting, strict=True):
            assert isinstance(one.exception(), ValueError) if claim < 0 else one.result() == f"served {claim}"
