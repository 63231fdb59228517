"""Signals, updates and queries of a running order. Frozen dataclasses; a new field needs a default.

Histories cannot be edited, so nothing here names a person: ids, codes, quantities and times only.
"""

from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from record.shipping.progress import Progress


@dataclass(frozen=True)
class OrderDeadlines:
    """How many seconds each part may take. Copied from the settings at the start: an order keeps its own."""

    payment: float = 86_400.0
    pick: float = 7_200.0
    ship: float = 86_400.0
    delivery: float = 604_800.0
    backorder: float = 259_200.0
    attention: float = 900.0
    reservation: float = 86_400.0
    decision: float = 86_400.0
    pickup: float = 604_800.0


@dataclass(frozen=True)
class PartnerEvent:
    """A stored webhook, by its id: the step that applies it reads the rest from the record."""

    partner: str
    event_id: str
    type: str
    subject: str


@dataclass(frozen=True)
class PartnerEvents:
    """Reports on one order or return since the last signal, oldest first."""

    events: list[PartnerEvent]


@dataclass(frozen=True)
class News:
    """How far fulfillment orders are, by their numbers within the order, after reports that the order acts on. A field
    of a newer version is passed over: it must not stop an order."""

    progress: dict[str, Progress]


@dataclass(frozen=True)
class CancelRequest:
    reason: str
    actor: str


@dataclass(frozen=True)
class CancelAnswer:
    """`answer` is `done` (everything so far is undone), `interception_asked` (on the road) or `refused`."""

    answer: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """The first result of an order: `accepted` (audited, stock reserved), `held`, `waiting_for_stock` or `rejected`
    (also when it was canceled or has expired)."""

    outcome: str
    holds: list[str] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class HoldRelease:
    code: str
    actor: str
    note: str = ""


@dataclass(frozen=True)
class Force:
    """Let the order go on in spite of everything that holds it."""

    actor: str
    note: str


@dataclass(frozen=True)
class Rejection:
    """End an order that is under review: undo what was done for it, and pay back."""

    actor: str
    reason: str


@dataclass(frozen=True)
class HoldAnswer:
    """The holds that are still open."""

    holds: list[str]


@dataclass(frozen=True)
class ShortageDecision:
    """`action` is wait, split, cancel_line or substitute; an empty `sku` means everything that is short."""

    action: str
    actor: str
    sku: str = ""
    substitute_sku: str = ""
    note: str = ""


@dataclass(frozen=True)
class ShortageAnswer:
    """`refusal` says in words why it cannot be done; empty if it is done."""

    refusal: str = ""


@dataclass(frozen=True)
class UnmergeRequest:
    actor: str
    reason: str


@dataclass(frozen=True)
class UnmergeAnswer:
    """`answer` is `done`, or `refused` when a carrier has the shared parcel."""

    answer: str


@dataclass(frozen=True)
class ParcelDecision:
    """`action` is reship, refund or wait, for a lost or damaged parcel. Without an id, for the only such parcel."""

    action: str
    actor: str
    fulfillment_order_id: str = ""


@dataclass(frozen=True)
class ParcelAnswer:
    """`refusal` says in words why it cannot be done; empty if it is done."""

    refusal: str = ""


@dataclass(frozen=True)
class AddressWanted:
    """A stored correction of the address, by its id: the address itself stays in the record."""

    correction_id: str


@dataclass(frozen=True)
class AddressAnswer:
    """The shipments that the carriers redirect, and those that they do not."""

    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EditWanted:
    """A stored edit, by its id: what it changes stays in the record."""

    edit_id: str


@dataclass(frozen=True)
class EditAnswer:
    """`answer` is `done` or `refused`; a refusal names the `about` field and says why."""

    answer: str
    about: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class VoidRequest:
    shipment_id: str
    actor: str
    reason: str


@dataclass(frozen=True)
class VoidAnswer:
    """`answer` is `done` if the parcel is booked again, or `refused` if the carrier has it."""

    answer: str


@dataclass(frozen=True)
class OrderView:
    """The answer of the query `view`: where the order stands and what it waits for."""

    order_id: str
    status: str
    holds: list[str]
    waits_for: str
    until: datetime | None
    fulfillment_orders: dict[str, str] = field(default_factory=dict)
