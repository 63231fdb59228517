"""Messages to a running return, and between it and its order. As in messages.py, nothing here names a person."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReturnDeadlines:
    """How many seconds each part of a case may take."""

    arrival: float
    inspection: float
    approval: float = 172_800.0
    refund: float = 604_800.0
    difference: float = 259_200.0


@dataclass(frozen=True)
class ReturnInput:
    """Names the case; what the customer asks for comes with the first signal."""

    channel: str
    channel_order_id: str
    case_id: str
    deadlines: ReturnDeadlines
    edition: int = 0
    """The edition of the workflow that the case began with (workflows/state.py)."""


@dataclass(frozen=True)
class CaseVerdict:
    """What a person decides about a return case, who and why.

    `refund_to` is `original` or `store_credit`; empty keeps what was asked for. `remedy` of a warranty case is
    `refund`, `exchange` or `reship`; empty means refund.
    """

    approved: bool
    actor: str
    note: str = ""
    refund_to: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class CaseCancel:
    reason: str
    actor: str


@dataclass(frozen=True)
class GoodsWanted:
    """A return case asks its order to give back what has not been delivered yet."""

    return_id: str
    return_workflow_id: str
    everything: bool
    """True if the case asks for all units of the order."""


@dataclass(frozen=True)
class GoodsAnswer:
    """Where the goods of a case are: `recalled` (never left), `intercepted` (coming back) or `delivered`."""

    return_id: str
    goods: str
