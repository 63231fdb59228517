"""A rule of staff holds an order, a person releases it, and the gift of another rule travels with it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from commands.keys import create_key
from tests.baton import Baton, open_baton

GIFT = {"type": "add_gift", "sku": "WOOL-SCARF"}
HOLD = {"type": "hold", "reason": "above 300: call the customer"}


@pytest.fixture
async def ruled(temporal: WorkflowEnvironment, database_url: str) -> AsyncIterator[Baton]:
    """Open a separate Baton: these rules would hold the orders of other tests."""
    async with open_baton(temporal, database_url) as baton:
        yield baton


async def test_an_order_is_held_by_a_rule_released_and_delivered_with_its_gift(ruled: Baton) -> None:
    # given
    key = {"Authorization": f"Bearer {create_key(ruled.sessions, 'Lin of sales', 'rules')}"}
    rules = [
        {"name": "large", "expression": "order.total > 300.0", "action": HOLD},
        {"name": "scarf", "expression": "order.units >= 3", "action": GIFT},
    ]
    version = (await ruled.api.post("/rule-sets", json={"rules": rules}, headers=key)).json()["rule_set_id"]
    force = {"force": True, "reason": "a test"}
    await ruled.api.post(f"/rule-sets/{version}/activate", json=force, headers=key)

    # when
    order_id = await ruled.order("LARGE")
    held = await ruled.until(order_id, lambda order: bool(order["holds"]))
    await ruled.api.post(f"/orders/{order_id}/holds/RULE:large/release", json={"note": "she wants it"})
    order = await ruled.until_status(order_id, "completed")

    # then
    assert [hold["code"] for hold in held["holds"]] == ["RULE:large"]
    assert {"sku": "WOOL-SCARF", "quantity": 1, "picked": 1} in order["fulfillment_orders"][0]["lines"]
    assert [line["added_by"] for line in order["lines"]] == ["", "", "scarf"]
    assert (order["payment_status"], order["totals"]["grand_total"]) == ("paid", "330.00")
    ruled.verify()
