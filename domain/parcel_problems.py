"""What may go wrong with a parcel on the road, and what the customer gets instead."""

from collections.abc import Mapping
from typing import Any

from domain.status import TrackingStatus

LOST, DAMAGED, SILENT, REFUSED = "lost", "damaged", "silent", "refused"
CLAIMED = (LOST, DAMAGED, SILENT)
"""What a carrier is to pay for."""

ASK, RESHIP, REFUND, WAIT = "ask", "reship", "refund", "wait"
REMEDIES = (ASK, RESHIP, REFUND)
DECISIONS = (RESHIP, REFUND, WAIT)
"""What a person may decide; who waits hears of the parcel again when the carrier does."""
ANY = "*"


def problem_of(status: str, code: str) -> str:
    """What is wrong by the carrier's word: lost, damaged, refused or nothing of these."""
    if status == TrackingStatus.EXCEPTION and code in (LOST, DAMAGED):
        return code
    return REFUSED if status == TrackingStatus.RETURN_TO_SENDER and code == REFUSED else ""


def remedy(policy: Mapping[str, str], channel: str) -> str:
    """What the channel wants; a person is asked where nothing is said."""
    return policy.get(channel, policy.get(ANY, ASK))


def read_remedies(value: Any) -> dict[str, str]:
    """`{"*": "ask", "tmall": "refund"}`. Raises ValueError."""
    for channel, wanted in value.items():
        if wanted not in REMEDIES:
            raise ValueError(f"{channel}: {wanted!r} is not one of {', '.join(REMEDIES)}")
    return dict(value)
