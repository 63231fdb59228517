"""Exchange at the difference in price: refunded, given or charged, by policy; what nobody pays is refunded instead."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from commands.parameters import set_parameter
from tests.baton import Baton, eventually
from tests.workflows.test_return_kinds import ask_for, follow_up_of
from tests.workflows.test_returns import until_case

POLICY = {"give_up_to": {"CNY": "5.00"}, "when_unpaid": "refund"}


async def scarf_for(baton: Baton, order_id: str, case_id: str, price: str) -> str:
    """Ask to exchange one tea set, which cost 80.00, for a scarf of this price."""
    line = {"line_no": 1, "quantity": 1, "replacement_sku": "WOOL-SCARF", "replacement_price": price}
    return await ask_for(baton, order_id, case_id, kind="exchange", lines=[line])


async def case_of(baton: Baton, return_id: str) -> dict[str, Any]:
    return dict((await baton.api.get(f"/returns/{return_id}")).json())


async def waits_for_payment(baton: Baton, order_id: str, case_id: str) -> dict[str, Any]:
    """Wait until the goods are back and only the payment of the difference is open."""
    workflow, return_id = baton.case(order_id, case_id), f"{order_id}-R-{case_id}"
    await eventually(lambda: case_of(baton, return_id), lambda case: bool(case.get("inspected_at")))

    async def page() -> str:
        return str(await workflow.query("__temporal_workflow_metadata"))

    await eventually(page, lambda shown: "the customer to pay the difference" in shown)
    return await case_of(baton, return_id)


async def test_each_difference_is_settled_by_the_policy_and_to_the_cent(quick: Baton) -> None:
    # given four tea sets that were delivered, and a policy of the channel
    latest = "SELECT value FROM parameters WHERE name = 'return_terms' ORDER BY parameter_id DESC LIMIT 1"
    [(terms,)] = quick.rows(latest)
    mine = copy.deepcopy(terms)
    mine["shop"] = mine.get("shop", mine["*"]) | {"exchange": POLICY}
    set_parameter(quick.sessions, "return_terms", mine, datetime.now(UTC), None, "a story", "sun")
    order_id = await quick.order("DIFFERENCE", lines=[("TEA-SET", 4, "80.00")])
    await quick.until_status(order_id, "completed")

    # when a cheaper scarf is sent, then the difference goes back
    await scarf_for(quick, order_id, "LESS", "45.00")
    case = await until_case(quick, order_id, "LESS", "closed")
    assert (case["value"], case["moved"], case["refund"], case["sent"]) == ("80.00", "45.00", "35.00", "45.00")
    assert (await follow_up_of(quick, case))["totals"]["grand_total"] == "45.00"

    # and one that is a little dearer is given
    await scarf_for(quick, order_id, "GIVEN", "84.50")
    case = await until_case(quick, order_id, "GIVEN", "closed")
    assert (case["moved"], case["refund"], case["given"]) == ("80.00", None, "4.50")
    other = await follow_up_of(quick, case)
    assert (other["totals"]["grand_total"], other["totals"]["discount"]) == ("80.00", "4.50")

    # and one that is much dearer is charged, and waits until its link is paid
    await scarf_for(quick, order_id, "MORE", "120.01")
    case = await waits_for_payment(quick, order_id, "MORE")
    reference = case["payment_link"].rpartition("/")[2]
    paid = {"amount": "40.01", "currency": "CNY"}
    await quick.simulators.post("/payments/payments", json=paid | {"reference": reference, "status": "captured"})
    await quick.fast_forward(quick.case(order_id, "MORE"), timedelta(hours=1, minutes=1))
    case = await until_case(quick, order_id, "MORE", "closed")
    other = await follow_up_of(quick, case)
    assert (case["moved"], other["totals"]["grand_total"], other["payment_status"]) == ("80.00", "120.01", "paid")

    # and what nobody pays in time is refunded, its link withdrawn
    await scarf_for(quick, order_id, "UNPAID", "120.00")
    await waits_for_payment(quick, order_id, "UNPAID")
    late = quick.settings.deadlines.return_difference + timedelta(hours=2)
    await quick.fast_forward(quick.case(order_id, "UNPAID"), late)
    case = await until_case(quick, order_id, "UNPAID", "closed")
    assert (case["moved"], case["refund"], case["payment_link"]) == (None, "80.00", None)
    assert (await quick.show(case["follow_up_id"]))["status"] == "canceled"
    quick.verify()
