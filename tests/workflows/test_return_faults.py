"""Cases end with correct books when every step loses its answer once, and when several cases run at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import wraps
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.follow_ups import FollowUps
from activities.return_labels import ReturnLabels
from activities.return_refunds import ReturnRefunds
from activities.return_reports import ReturnProgress
from activities.return_requests import ReturnRequests
from activities.returns import Returns
from domain.errors import PartnerTrouble
from tests.baton import QUICK, Baton, open_baton
from tests.workflows.test_return_kinds import SCARF_INSTEAD, ask_for, completed, follow_up_of
from tests.workflows.test_returns import until_case

STEPS = (
    (ReturnRequests, "open_return"),
    (Returns, "record_goods"),
    (Returns, "announce_return"),
    (Returns, "end_return"),
    (ReturnLabels, "book_label"),
    (ReturnProgress, "record_return"),
    (ReturnRefunds, "refund_return"),
    (FollowUps, "place_follow_up"),
    (FollowUps, "send_follow_up"),
)


def losing_its_first_answer(step: Callable[[Any, Any], Any], lost: set[str]) -> Callable[[Any, Any], Any]:
    """Run the step, and lose its answer the first time."""

    @wraps(step)
    def act(self: Any, request: Any) -> Any:
        answer = step(self, request)
        key = f"{step.__name__} {request}"
        if key not in lost:
            lost.add(key)
            raise PartnerTrouble("the answer got lost")
        return answer

    return act


@pytest.fixture
async def forgetful(
    temporal: WorkflowEnvironment, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Baton, set[str]]]:
    lost: set[str] = set()
    for home, name in STEPS:
        monkeypatch.setattr(home, name, losing_its_first_answer(getattr(home, name), lost))
    async with open_baton(temporal, database_url, QUICK) as baton:
        yield baton, lost


async def test_every_step_of_a_case_may_lose_its_answer(forgetful: tuple[Baton, set[str]]) -> None:
    # Given two delivered orders
    baton, lost = forgetful
    first, second = await completed(baton, "FORGETFUL"), await completed(baton, "EXCHANGED")

    # When one comes back, and the other is exchanged, and every answer gets lost once
    everything = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}]
    await ask_for(baton, first, "F-1", lines=everything)
    await ask_for(baton, second, "F-2", kind="exchange", lines=SCARF_INSTEAD)

    # Then each was done once
    back = await until_case(baton, first, "F-1", "closed")
    other = await follow_up_of(baton, await until_case(baton, second, "F-2", "closed"))
    paid = [one["amount"] for one in (await baton.show(first))["payments"] if one["kind"] == "refunded"]
    assert (back["refund"], paid, other["payment_status"]) == ("330.00", ["330.00"], "paid")
    assert {key.split()[0] for key in lost} == {name for _, name in STEPS}
    baton.verify()


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
