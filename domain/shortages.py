"""Actions for a line that is short: wait, ship what is available, cancel the line, or send a substitute."""

from collections.abc import Mapping, Sequence
from typing import Any

WAIT, SPLIT, CANCEL_LINE, SUBSTITUTE = "wait", "split", "cancel_line", "substitute"
ASK = "ask"

ACTIONS = (WAIT, SPLIT, CANCEL_LINE, SUBSTITUTE)
POLICIES = (WAIT, SPLIT, CANCEL_LINE, ASK)
"""What may happen without a person, by channel; `ask` leaves it to one."""

Proposal = Mapping[str, Any]
"""`{action, ...}`: wait has `until` (a date or null), split has `units`, substitute has `substitute_sku`. `sku` names
the
bundle if the action concerns the line of a bundle of which a part is short."""


def policy_of(channel: str | None, ship_separately: bool) -> str:
    """The policy for an order: its channel's, except that an order with the wish for separate parcels splits, not
    waits."""
    policy = channel or WAIT
    return SPLIT if policy == WAIT and ship_separately else policy


def proposals(sku: str, promised_on: str | None, sendable: int, lines: Mapping[str, Sequence[str]]) -> list[Proposal]:
    """Possible actions for one short SKU, the most convenient for the customer first.

    `sendable` is how many units of the order could ship now. `lines` are the order lines that need the SKU: the SKU of
    the line (a bundle if the short SKU is a part) with its possible substitutes.
    """
    about = {line: {} if line == sku else {"sku": line} for line in lines}
    found: list[Proposal] = [
        {"action": SUBSTITUTE, "substitute_sku": one} | about[line] for line in lines for one in lines[line]
    ]
    if sendable:
        found.append({"action": SPLIT, "units": sendable})
    found.append({"action": WAIT, "until": promised_on})
    return found + [{"action": CANCEL_LINE} | about[line] for line in lines]


def in_words(proposal: Proposal) -> str:
    """For Temporal's UI: `substitute by OAK-STOOL`, `wait until 2026-12-01`, `cancel the line of TEA-SET`."""
    bundle = proposal.get("sku")
    match proposal["action"]:
        case "substitute":
            return f"substitute {bundle + ' ' if bundle else ''}by {proposal['substitute_sku']}"
        case "split":
            return f"send {proposal['units']} units now"
        case "wait":
            return f"wait until {proposal['until']}" if proposal["until"] else "wait"
        case _:
            return f"cancel the line of {bundle}" if bundle else "cancel the line"
