"""Instructions of orders, from remarks and rules of staff, and the selection that each partner gets."""

from collections.abc import Mapping
from typing import Any

FOR_WAREHOUSE = ("urgent", "gift_wrap", "gift_message")
FOR_CARRIER = ("deliver_on", "deliver_days", "deliver_between", "leave_at_door", "no_locker", "call_first", "no_call")


def select_instructions(instructions: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the instructions with these names, as `Instructions.to_json` writes them."""
    return {name: instructions[name] for name in names if name in instructions}
