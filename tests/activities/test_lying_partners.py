"""A partner that is away or lies while an order is picked, shipped or paid back: trouble by its name, nothing of it in
the record, and the same step goes through when it is well again."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain.errors import PartnerTrouble
from tests.activities.story import ASIDES, STORY, UNDOS, Steps
from tests.factories import assert_ledger_explains_stock, everything_in

# Whom a step asks.
ASKS = {
    **dict.fromkeys(("release_to_pick", "announce_return", "recall_pick"), "wms"),
    **dict.fromkeys(("book_shipment", "intercept_parcel", "reroute_parcel", "book_label"), "tms"),
    **dict.fromkeys(("void_waybill", "free_parcel"), "tms"),
    **dict.fromkeys(("refund_return", "repay_lines", "refund_order"), "payments"),
}
# To whom a parcel is offered, what a return case is worth and where it goes, the address that a test corrects, and the
# amount of a refund, which a repeat must ask for again.
DECIDED = {"bookings", "returns", "address_corrections", "step_results"}


def begin(steps: Steps, step: str) -> Callable[[Steps], Any]:
    """Bring the order to where the step comes, and answer the step."""
    if step in STORY:
        steps.before(step)
        return STORY[step]
    aside = ASIDES.get(step) or UNDOS[step]
    steps.up_to(aside.after)
    return aside.act


def record_of(steps: Steps) -> Mapping[str, Any]:
    """The record but for what is decided before anybody is asked."""
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
