"""What may be done about a line that is short: wait, send what there is, cancel it, or send something else."""

from collections.abc import Mapping, Sequence
from typing import Any

WAIT, SPLIT, CANCEL_LINE, SUBSTITUTE = "wait", "split", "cancel_line", "substitute"
ASK = "ask"

ACTIONS = (WAIT, SPLIT, CANCEL_LINE, SUBSTITUTE)
POLICIES = (WAIT, SPLIT, CANCEL_LINE, ASK)
"""What a channel wants by itself; `ask` leaves it to a person."""

Proposal = Mapping[str, Any]
"""`{action, ...}`: `until` of wait (a date or null), `units` of split, `substitute_sku` of substitute; `sku` of what is
done to the line of a bundle that what is short is a part of."""


def policy_of(channel: str | None, ship_separately: bool) -> str:
    """What an order does by itself: what its channel says, but who asked for separate parcels does not wait for all."""
    policy = channel or WAIT
    return SPLIT if policy == WAIT and ship_separately else policy


def proposals(sku: str, promised_on: str | None, sendable: int, lines: Mapping[str, Sequence[str]]) -> list[Proposal]:
    """What may be done about one SKU, the least trouble for the customer first.

    `sendable` is how many units of the order could leave now. `lines` are what the customer ordered of it, by the SKU
    of the line, which is a bundle where this is a part; each with the goods that could take its place.
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
    """For the page in Temporal: `substitute by OAK-STOOL`, `wait until 2026-12-01`, `cancel the line of TEA-SET`."""
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
