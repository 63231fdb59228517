"""A rule of staff holds an order, a person releases it, and the gift of another rule travels with it."""

from typing import Any

import pytest

from commands.keys import create_key
from tests.baton import Baton, eventually

GIFT = {"type": "add_gift", "sku": "WOOL-SCARF"}
HOLD = {"type": "hold", "reason": "above 300: call the customer"}


async def test_an_order_is_held_by_a_rule_released_and_delivered_with_its_gift(
    quick: Baton, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given rules for one channel, since other tests have orders too
    key = {"Authorization": f"Bearer {create_key(quick.sessions, 'Lin of sales', 'rules')}"}
    rules = [
        {"name": "large", "expression": 'order.channel == "ruled" && order.total > 300.0', "action": HOLD},
        {"name": "scarf", "expression": 'order.channel == "ruled" && order.units >= 3', "action": GIFT},
    ]
    version = (await quick.api.post("/rule-sets", json={"rules": rules}, headers=key)).json()["rule_set_id"]
    force = {"force": True, "reason": "a test"}
    await quick.api.post(f"/rule-sets/{version}/activate", json=force, headers=key)

    # when
    order_id = await quick.order("LARGE", channel="ruled")
    held = await quick.until(order_id, lambda order: bool(order["holds"]))
    await quick.api.post(f"/orders/{order_id}/holds/RULE:large/release", json={"note": "she wants it"})
    order = await quick.until_status(order_id, "completed")

    # then
    assert [hold["code"] for hold in held["holds"]] == ["RULE:large"]
    assert {"sku": "WOOL-SCARF", "quantity": 1, "picked": 1} in order["fulfillment_orders"][0]["lines"]
    assert [line["added_by"] for line in order["lines"]] == ["", "", "scarf"]
    assert (order["payment_status"], order["totals"]["grand_total"]) == ("paid", "330.00")
    quick.verify()

    # and an order that only the retired rules hold goes on once it is looked at again
    later = await quick.order("LATER", channel="ruled")
    await quick.until(later, lambda order: [hold["code"] for hold in order["holds"]] == ["RULE:large"])
    await quick.api.post(f"/rule-sets/{version}/retire", json={"reason": "the sale is over"}, headers=key)
    # Instead of waiting until no audit uses the retired version, it is asked until one does not.
    monkeypatch.setattr("api.rules.commands.SETTLED_SECONDS", 0.0)

    async def look_again() -> dict[str, Any]:
        (await quick.api.post(f"/rule-sets/{version}/look-again", headers=key)).raise_for_status()
        return await quick.show(later)

    await eventually(look_again, lambda order: not order["holds"])
    await quick.until_status(later, "completed")
