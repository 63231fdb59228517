"""Every step and every undo may run twice, and an undo does nothing when nothing was done."""

from dataclasses import replace

import pytest

from activities.holds import OpenHolds
from models.order import OrderRow
from tests.activities.asides import ASIDES, UNDOS
from tests.activities.story import STORY, Steps
from tests.factories import assert_ledger_explains_stock, everything_in, place_order


@pytest.mark.parametrize("step", [*STORY, *ASIDES])
def test_each_step_may_run_twice(step: str, steps: Steps) -> None:
    # given
    act = STORY[step] if step in STORY else ASIDES[step].act
    steps.before(step) if step in STORY else steps.up_to(ASIDES[step].after)
    before = everything_in(steps.sessions)
    first = act(steps)
    once = everything_in(steps.sessions)

    # when
    again = act(steps)

    # then
    # One only says to whom messages are handed; the other has nothing left to send.
    assert once != before or step == "notify"
    assert again == first or step == "redeliver_batch"
    assert everything_in(steps.sessions) == once
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("step", UNDOS)
def test_each_undo_may_run_twice(step: str, steps: Steps) -> None:
    # given
    undo = UNDOS[step]
    steps.up_to(undo.after)
    if step == "release_hold":
        ASIDES["raise_hold"].act(steps)
    before = everything_in(steps.sessions)
    first = undo.act(steps)
    once = everything_in(steps.sessions)

    # when
    again = undo.act(steps)

    # then
    # The warehouse alone knows of a recall; the stock is given back once the goods are known to stay.
    assert (once == before) == (step == "recall_pick")
    assert again == first
    assert everything_in(steps.sessions) == once
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("step", UNDOS)
def test_each_undo_does_nothing_when_nothing_was_done(step: str, steps: Steps) -> None:
    # given
    not_paid(steps)
    before = everything_in(steps.sessions)

    # when
    answer = UNDOS[step].act(steps)

    # then
    assert answer == OpenHolds() if step == "release_hold" else answer.done
    assert everything_in(steps.sessions) == before
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("step", UNDOS)
def test_each_undo_touches_no_other_order(step: str, steps: Steps) -> None:
    # given
    not_paid(steps)
    neighbor = replace(steps, order_id=place_order(steps.sessions), stored={}).up_to("book_shipment")
    ASIDES["raise_hold"].act(neighbor)
    before = everything_in(steps.sessions)

    # when
    UNDOS[step].act(steps)

    # then
    assert everything_in(steps.sessions) == before


def not_paid(steps: Steps) -> None:
    """Let the order have no payment at the gateway either."""
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).payment_reference = "ALI-NOBODY-PAID"
