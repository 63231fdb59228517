"""What an order workflow remembers: small enough to be handed on when it continues as new."""

from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.status import FulfillmentStatus, OrderStatus
    from record.shipping.road import Road
    from workflows.messages import CancelRequest, OrderDeadlines, ParcelDecision, PartnerEvent, Rejection
    from workflows.return_messages import GoodsWanted


EDITION = 1
"""The edition of the story that orders and cases begin with today; those under way keep theirs, so that they replay."""
MINDS_CHANGES = 1
"""Since this edition they mind what changes while a step is under way: docs/decisions/editions.md."""


@dataclass
class Undo:
    """One entry of the undo list: a key of compensations.UNDO and what it is about."""

    step: str
    subject: str


@dataclass
class FulfillmentState:
    """One fulfillment order inside its order. `interception` is empty, asked, refused, or kept: its warehouse does not
    take it back, so that it goes its way."""

    fulfillment_order_id: str
    location_id: str
    units: int
    status: str = FulfillmentStatus.OPEN
    tracking: str = ""
    picked_units: int | None = None
    short_units: int = 0
    parcels_differ: str = ""
    """How the parcels differ from what was picked, as a person was told."""
    silent: str = ""
    """Why a person was called: a partner does not know of it any more, or does not report what it has done."""
    bookings: int = 0
    shipment_id: str = ""
    waybill: str = ""
    wave_at: str = ""
    """When its location gets it, in ISO 8601, until its wave is released; empty when it waits for none."""
    pickup: bool = False
    """Whether the customer fetches it."""
    ready: bool = False
    """Whether the customer was told to fetch it."""
    pickup_locked: bool = False
    """Whether too many wrong codes were said for it, and whether a person knows."""
    pickup_lock_told: bool = False
    merge_window: float = 0.0
    """How many seconds it may wait for other orders of the same receiver, until it has asked for them."""
    merge_id: str = ""
    merge_until: datetime | None = None
    """Until when others may join, while they may."""
    travels_with: list[str] = field(default_factory=list)
    """The workflow ids of the orders that it shares a parcel with."""
    interception: str = ""
    road: Road = field(default_factory=Road)
    alerts: list[str] = field(default_factory=list)
    """The codes of what a person was told of its parcel."""
    claimed: str = ""
    """Why the parcel is claimed of its carrier (lost, damaged or silent), or empty."""
    waits: bool = False
    """Whether a person has decided to wait for a parcel that is claimed."""
    remedy: str = ""
    """What the customer gets instead of the parcel, once that is decided."""
    decision: ParcelDecision | None = None
    stop_reason: str = ""
    """Why it is to end, or empty."""
    canceled: bool = False
    """Whether it is to end since the order is canceled, and not for a return case."""
    settled: bool = False
    """Whether the order has drawn its conclusion from the end of this fulfillment order."""
    inbox: list[PartnerEvent] = field(default_factory=list)
    undo: list[Undo] = field(default_factory=list)


@dataclass
class Due:
    """A moment by which something must have happened, and the alert that is raised when it has not."""

    at: datetime
    code: str
    what: str
    passed: bool = False


@dataclass
class OrderState:
    status: str = OrderStatus.RECEIVED
    audits: int = 0
    rounds: int = 0
    reserved: bool = False
    needs_stock: bool = True
    sourced: str = ""
    """Why these locations, in a sentence."""
    when_short: str = ""
    """What was decided about what is short (domain/shortages.py), or empty while the channel's policy counts."""
    holds: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """Who may release each hold, by its code."""
    holds_expire: float = 0.0
    """When the next hold expires, in seconds since 1970; 0 for never."""
    stock_kept_until: datetime | None = None
    """Until when an order that is held keeps its stock, while it does."""
    rejection: Rejection | None = None
    attention: list[str] = field(default_factory=list)
    """What a person should look at: code and subject of each alert that is open."""
    reasons: dict[str, str] = field(default_factory=dict)
    """What each of them says."""
    fulfillments: list[FulfillmentState] = field(default_factory=list)
    waves_released: list[str] = field(default_factory=list)
    """Fulfillment orders whose wave was released, since that may be heard before they are known here."""
    undo: list[Undo] = field(default_factory=list)
    dues: dict[str, Due] = field(default_factory=dict)
    cancel: CancelRequest | None = None
    wanted: list[GoodsWanted] = field(default_factory=list)
    telling: bool = False
    seen: list[str] = field(default_factory=list)
    """The last partner events, so that one that is signaled twice is taken once."""


@dataclass(frozen=True)
class OrderInput:
    """What an order workflow starts with; `state` is there when it continues as new."""

    order_id: str
    channel: str
    deadlines: OrderDeadlines
    state: OrderState | None = None
    continue_after_events: int | None = None
    """Continue as new after so many history events; the server suggests when if this is None."""
    edition: int = 0
    """Which edition of the story it lives by."""


@dataclass(frozen=True)
class OrderOutcome:
    """How an order ended: completed, canceled, rejected or expired, and why."""

    outcome: str
    reason: str = ""
