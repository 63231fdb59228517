"""Problems of a parcel in transit (lost, damaged, silent, refused), and what the customer gets instead."""

from collections.abc import Mapping
from typing import Any

from domain.status import TrackingStatus

LOST, DAMAGED, SILENT, REFUSED = "lost", "damaged", "silent", "refused"
CLAIMED = (LOST, DAMAGED, SILENT)
"""Problems for which we claim money from the carrier."""

ASK, RESHIP, REFUND, WAIT = "ask", "reship", "refund", "wait"
REMEDIES = (ASK, RESHIP, REFUND)
DECISIONS = (RESHIP, REFUND, WAIT)
"""What a person may decide. WAIT leaves the parcel alone until the carrier reports again."""
ANY = "*"


def problem_of(status: str, code: str) -> str:
    """The problem that a carrier's report means: lost, damaged, refused, or empty."""
    if status == TrackingStatus.EXCEPTION and code in (LOST, DAMAGED):
        return code
    return REFUSED if status == TrackingStatus.RETURN_TO_SENDER and code == REFUSED else ""


def remedy(policy: Mapping[str, str], channel: str) -> str:
    """The remedy that the policy gives a channel; without one a person is asked."""
    return policy.get(channel, policy.get(ANY, ASK))


def read_remedies(value: Any) -> dict[str, str]:
    """`{"*": "ask", "tmall": "refund"}`. Raises ValueError."""
    for channel, wanted in value.items():
        if wanted not in REMEDIES:
            raise ValueError(f"{channel}: {wanted!r} is not one of {', '.join(REMEDIES)}")
    return dict(value)
