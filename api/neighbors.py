"""What a key of one channel is not told: what a fact counted or found among the orders of all channels."""

from collections.abc import Mapping
from typing import Any

from api.access import Caller
from domain.ids import order_workflow_id

OF_ALL_CHANNELS = frozenset(
    {"twin", "recent_orders", "earlier_orders", "usual_amount", "block_id", "year_used", "near_used", "near_orders"}
)
"""Fields of an audit's facts that look beyond the order and its channel."""
TOGETHER = "with"
"""The workflow ids of the orders in the same parcel."""


def told_facts(caller: Caller, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of an order as the caller may know them."""
    if caller.channel is None:
        return dict(facts)
    mine = order_workflow_id(caller.channel, "")
    kept = {name: value for name, value in facts.items() if name not in OF_ALL_CHANNELS}
    if TOGETHER in kept:
        kept[TOGETHER] = [name for name in kept[TOGETHER] if name.startswith(mine)]
    return kept
