"""A partner that fails or lies while an order is picked, shipped or refunded: the step raises PartnerTrouble and writes
nothing, and the same step succeeds when the partner is well again."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain.errors import PartnerTrouble
from tests.activities.asides import ASIDES, UNDOS
from tests.activities.story import STORY, Steps
from tests.factories import assert_ledger_explains_stock, everything_in

# The partner that each step calls.
ASKS = {
    **dict.fromkeys(("release_to_pick", "announce_return", "recall_pick"), "wms"),
    **dict.fromkeys(("book_shipment", "intercept_parcel", "reroute_parcel", "book_label"), "tms"),
    **dict.fromkeys(("void_waybill", "free_parcel"), "tms"),
    **dict.fromkeys(("refund_return", "repay_lines", "refund_order"), "payments"),
}
# Written before the partner is called: the offers for a parcel, the value and destination of a return, the address that
# a test corrects, and the amount of a refund, which a retry must ask for again.
DECIDED = {"bookings", "returns", "address_corrections", "step_results", "asked_refunds"}


def begin(steps: Steps, step: str) -> Callable[[Steps], Any]:
    """Run the story to just before the step, and return the step."""
    if step in STORY:
        steps.before(step)
        return STORY[step]
    aside = ASIDES.get(step) or UNDOS[step]
    steps.up_to(aside.after)
    return aside.act


def record_of(steps: Steps) -> Mapping[str, Any]:
    """The record without the tables that are written before the partner is called."""
    return {table: rows for table, rows in everything_in(steps.sessions).items() if table not in DECIDED}


@pytest.mark.parametrize("kind", ["lying", "lost_answer"])
@pytest.mark.parametrize("step", ASKS)
def test_a_step_writes_nothing_when_its_partner_fails_and_succeeds_later(
    step: str, kind: str, steps: Steps, trouble: Callable[..., None]
) -> None:
    # given
    act = begin(steps, step)
    before = record_of(steps)
    trouble(ASKS[step], kind)

    # when
    with pytest.raises(PartnerTrouble, match=f"^{ASKS[step]} POST "):
        act(steps)

    # then
    assert record_of(steps) == before
    assert_ledger_explains_stock(steps.sessions)

    # and it is done once the partner is well
    trouble(ASKS[step], "none")
    act(steps)
