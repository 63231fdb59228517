"""What happens to a parcel on the road when a trouble of the road is named: its statuses, and what is said of them."""

from simulators.desk import Body
from simulators.troubles import Trouble, Troubles

Leg = tuple[str, int]
STEPS_AFTER_FAILURE = 10

JOURNEYS: dict[Trouble, tuple[Leg, ...]] = {
    Trouble.DAMAGED_PARCEL: (("in_transit", 1), ("exception", 1)),
    Trouble.REFUSED_BY_RECEIVER: (("in_transit", 1), ("out_for_delivery", 1), ("return_to_sender", 1)),
    Trouble.FAILED_ATTEMPTS: (
        ("in_transit", 1),
        *(("failed_attempt", 1),) * 3,
        ("delivered", STEPS_AFTER_FAILURE),
    ),
}
"""The statuses of a parcel and the steps that each takes."""

WORDS: dict[tuple[Trouble, str], Body] = {
    (Trouble.LOST_PARCEL, "exception"): {"code": "lost"},
    (Trouble.DAMAGED_PARCEL, "exception"): {"code": "damaged"},
    (Trouble.REFUSED_BY_RECEIVER, "return_to_sender"): {"code": "refused"},
    (Trouble.NO_SIGNATURE, "delivered"): {"signed": False},
}


def journey(named: Troubles) -> tuple[Leg, ...] | None:
    """How the parcel travels, or None when none of these troubles is named."""
    return next((JOURNEYS[trouble] for trouble in JOURNEYS if trouble in named), None)


def words(named: Troubles, status: str) -> Body:
    """What the carrier says beside the status."""
    return {name: value for trouble in named for name, value in WORDS.get((trouble, status), {}).items()}
