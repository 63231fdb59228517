"""Cases end with correct books when every step loses its answer once, and when several cases run at once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import PartnerTrouble
from tests.baton import Baton
from tests.workflows.test_return_kinds import SCARF_INSTEAD, ask_for, completed, follow_up_of
from tests.workflows.test_returns import until_case

STEPS = (
    *("open_return", "record_goods", "announce_return", "end_return", "book_label", "record_return"),
    *("refund_return", "place_follow_up", "send_follow_up"),
)


def losing_its_first_answer(step: Callable[[Any], Any], lost: set[str]) -> Callable[[Any], Any]:
    """Run the step, and lose its answer the first time."""

    def act(request: Any) -> Any:
        answer = step(request)
        key = f"{step.__name__} {request}"
        if key not in lost:
            lost.add(key)
            raise PartnerTrouble("the answer got lost")
        return answer

    return act


@pytest.fixture
def lost(quick: Baton, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Have every step of a case lose its first answer, and keep which have."""
    lost: set[str] = set()
    for name in STEPS:
        monkeypatch.setitem(quick.instead, name, losing_its_first_answer(quick.steps[name], lost))
    return lost


async def test_every_step_of_a_case_may_lose_its_answer(quick: Baton, lost: set[str]) -> None:
    # Given two delivered orders
    first, second = await completed(quick, "FORGETFUL"), await completed(quick, "EXCHANGED")

    # When one comes back, and the other is exchanged, and every answer gets lost once
    everything = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}]
    await ask_for(quick, first, "F-1", lines=everything)
    await ask_for(quick, second, "F-2", kind="exchange", lines=SCARF_INSTEAD)

    # Then each was done once
    back = await until_case(quick, first, "F-1", "closed")
    other = await follow_up_of(quick, await until_case(quick, second, "F-2", "closed"))
    paid = [one["amount"] for one in (await quick.show(first))["payments"] if one["kind"] == "refunded"]
    assert (back["refund"], paid, other["payment_status"]) == ("330.00", ["330.00"], "paid")
    assert {key.split()[0] for key in lost} == set(STEPS)
    quick.verify()


async def test_concurrent_cases_never_exceed_the_units_and_the_money(quick: Baton) -> None:
    # Given a delivered order of three units
    order_id = await completed(quick, "ATONCE")

    # When five cases at once want four of them and some goodwill
    lamp = [{"line_no": 1, "quantity": 1}]
    await asyncio.gather(
        *(ask_for(quick, order_id, f"A-{number}", lines=lamp) for number in range(3)),
        ask_for(quick, order_id, "A-3"),
        ask_for(quick, order_id, "A-4", kind="claim", lines=[], amount="20.00"),
    )
    order = await quick.until(
        order_id, lambda order: [case["status"] in ("closed", "rejected") for case in order["returns"]] == [True] * 5
    )

    # Then one found no lamp left, and all of the money went back, and no more
    assert sorted(case["status"] for case in order["returns"]) == ["closed"] * 4 + ["rejected"]
    assert order["payment_status"] == "refunded"
    quick.verify()
