"""Work for several owners at once: a slow one keeps nobody else waiting, and nothing is begun too late."""

import threading

import pytest

from record.messages.lanes import work_in_lanes

PATIENCE_SECONDS = 30.0


def test_a_slow_owner_keeps_no_other_waiting() -> None:
    # given an owner whose work is done only once all of the other's is
    done: list[str] = []
    others = threading.Event()

    def work(item: str) -> bool:
        if item.startswith("slow"):
            return others.wait(PATIENCE_SECONDS)
        done.append(item)
        if len(done) == 3:
            others.set()
        return True

    # when
    worked = work_in_lanes({"slow shop": ["slow 1", "slow 2"], "shop": ["1", "2", "3"]}, work)

    # then
    assert dict(worked) == dict.fromkeys(("slow 1", "slow 2", "1", "2", "3"), True)


@pytest.mark.parametrize("owners", [{"shop": ["1"]}, {"shop": ["1", "2"]}])
def test_what_had_no_turn_in_time_is_not_begun(owners: dict[str, list[str]]) -> None:
    assert work_in_lanes(owners, lambda item: item, seconds=0) == []


def test_a_failure_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        work_in_lanes({"shop": [1, 0]}, lambda item: 1 / item)
