"""What the steps of a return case are asked to do: one request a step.

They travel in Temporal as JSON, so a field keeps its name, and a new one needs a default.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordGoodsRequest:
    """`goods` is where they are: recalled (never left), intercepted or delivered."""

    return_id: str
    goods: str


@dataclass(frozen=True)
class BookLabelRequest:
    return_id: str


@dataclass(frozen=True)
class VoidLabelRequest:
    return_id: str
    reason: str = ""


@dataclass(frozen=True)
class AnnounceReturnRequest:
    return_id: str


@dataclass(frozen=True)
class RefundReturnRequest:
    """`attempt` counts from 1: a refusal moves no money, so the next attempt has a key of its own at the gateway.

    `moment` is when the terms have it paid (RefundWhen), or empty: when the case is settled.
    """

    return_id: str
    attempt: int = 0
    moment: str = ""
    value: str = ""
    reason: str = ""
    """The names of `attempt` and `moment` before 0.2. A call that waits in Temporal during an upgrade has only these,
    and an older worker reads only these: with another gateway key the money would go back twice."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attempt", self.attempt or int(self.value or 0))
        object.__setattr__(self, "moment", self.moment or self.reason)
        object.__setattr__(self, "value", str(self.attempt))
        object.__setattr__(self, "reason", self.moment)


@dataclass(frozen=True)
class PlaceFollowUpRequest:
    return_id: str


@dataclass(frozen=True)
class SendFollowUpRequest:
    return_id: str


@dataclass(frozen=True)
class DropFollowUpRequest:
    return_id: str
    reason: str = ""


@dataclass(frozen=True)
class EndReturnRequest:
    """`status` is closed, rejected, expired or canceled."""

    return_id: str
    status: str
    reason: str = ""
    actor: str = "baton"


@dataclass(frozen=True)
class AskAttentionRequest:
    """`code` is that of the alert; an empty `reason` clears it."""

    return_id: str
    code: str
    reason: str = ""
