"""The state of an order workflow, small enough to be passed on when it continues as new: fields keep their names."""

from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.status import FulfillmentStatus, OrderStatus
    from record.shipping.progress import Progress
    from record.shipping.road import Road
    from workflows.messages import CancelRequest, OrderDeadlines, ParcelDecision, PartnerEvent, Rejection
    from workflows.return_messages import GoodsWanted


@dataclass
class Undo:
    """One entry of the undo list: a key of compensations.UNDO and what it is about."""

    step: str
    subject: str


@dataclass
class FulfillmentState:
    """One fulfillment order inside its order. `interception` is empty, asked, refused, or kept: its warehouse does not
    give it back, so it goes on."""

    fulfillment_order_id: str
    location_id: str
    units: int
    status: str = FulfillmentStatus.OPEN
    tracking: str = ""
    picked_units: int | None = None
    short_units: int = 0
    parcels_differ: str = ""
    """How the parcels differ from what was picked; empty if they do not."""
    silent: str = ""
    """Why a person was alerted: a partner has forgotten the work, or does not report what it has done."""
    captured: bool = False
    """True once what it costs is captured, where the money is only reserved."""
    capture_tries: int = 0
    bookings: int = 0
    disputes_known: int = 0
    """How many reports of disputes had come when a carrier was last asked."""
    shipment_id: str = ""
    waybill: str = ""
    wave_at: str = ""
    """When its location gets it, in ISO 8601; empty when it waits for no wave (any more)."""
    pickup: bool = False
    """True if the customer fetches it."""
    ready: bool = False
    """True once the customer was notified that she can fetch it."""
    pickup_locked: bool = False
    """True while too many wrong codes were entered for it."""
    pickup_lock_told: bool = False
    """True while a person is alerted to that."""
    merge_window: float = 0.0
    """How many seconds it may wait for other orders of the same receiver; 0 once it has looked for them."""
    merge_id: str = ""
    merge_until: datetime | None = None
    """Until when others may join; None when they may not (any more)."""
    travels_with: list[str] = field(default_factory=list)
    """The workflow ids of the orders that it shares a parcel with."""
    interception: str = ""
    road: Road = field(default_factory=Road)
    alerts: list[str] = field(default_factory=list)
    """The codes of the open alerts about its parcel."""
    claimed: str = ""
    """Why the parcel is claimed from its carrier: lost, damaged, silent, or empty."""
    waits: bool = False
    """True if a person has decided to wait for a claimed parcel."""
    remedy: str = ""
    """What the customer gets instead of the parcel, once that is decided."""
    decision: ParcelDecision | None = None
    stop_reason: str = ""
    """Why it is to stop, or empty."""
    canceled: bool = False
    """True if it is to stop because the order is canceled, not for a return case."""
    recall_only: bool = False
    """True if it is to stop for an edit, and only before it has left."""
    settled: bool = False
    """True once the order has dealt with the end of this fulfillment order."""
    inbox: list[PartnerEvent] = field(default_factory=list)
    news: list[Progress] = field(default_factory=list)
    """What the relay has found out since the order last looked (from edition 2 on, instead of the inbox)."""
    heard: int = 0
    """The number of the newest news."""
    undo: list[Undo] = field(default_factory=list)


@dataclass
class Due:
    """A deadline: what must be done by when, and the code of the alert if it is not."""

    at: datetime
    code: str
    what: str
    passed: bool = False


@dataclass
class OrderState:
    status: str = OrderStatus.RECEIVED
    audits: int = 0
    audit_again: bool = False
    """True if a report came that may cure a hold."""
    rounds: int = 0
    reserved: bool = False
    needs_stock: bool = True
    allocated: bool = False
    """True while an allocation is made whose fulfillment orders are not known here yet: the audit has made it."""
    sourced: str = ""
    """Why these locations were chosen, in a sentence."""
    when_short: str = ""
    """What was decided about a shortage (domain/shortages.py); empty while the channel's policy applies."""
    holds: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """Who may release each hold, by its code."""
    holds_expire: float = 0.0
    """When the next hold expires, in seconds since 1970; 0 means never."""
    stock_kept_until: datetime | None = None
    """Until when a held order keeps its stock; None if it keeps none."""
    rejection: Rejection | None = None
    attention: list[str] = field(default_factory=list)
    """Code and subject of each open alert."""
    reasons: dict[str, str] = field(default_factory=dict)
    """The reason of each open alert."""
    fulfillments: list[FulfillmentState] = field(default_factory=list)
    waves_released: list[str] = field(default_factory=list)
    """Fulfillment orders whose wave is released: the signal may come before they are known here."""
    undo: list[Undo] = field(default_factory=list)
    dues: dict[str, Due] = field(default_factory=dict)
    cancel: CancelRequest | None = None
    wanted: list[GoodsWanted] = field(default_factory=list)
    telling: bool = False
    shipped_elsewhere: int = 0
    """How often the channel has said that it shipped goods itself, and that was not dealt with yet."""
    elsewhere: int = 0
    """Units that the channel has shipped itself."""
    nothing_to_send: bool = False
    """True if these are everything that was ordered."""
    not_left: int = 0
    """How many of them are still to leave the channel's warehouse."""
    presale_stock: str = ""
    """Whether stock is kept while the balance of a pre-sale is due (domain/presale.py); empty for other orders."""
    captures: str = ""
    """When what the gateway has reserved is captured (domain/payment_terms.py); empty for an order that is paid."""
    captured: bool = False
    """True once all of it was captured at the order."""
    captured_elsewhere: int = 0
    """Units that the channel has shipped itself and that were captured."""
    disputes_heard: int = 0
    """How many reports of disputes came."""
    capture_tries: int = 0
    seen: list[str] = field(default_factory=list)
    """The last partner events: one that is signaled twice is applied once."""


@dataclass(frozen=True)
class OrderInput:
    """The input of an order workflow; `state` is set when it continues as new."""

    order_id: str
    channel: str
    deadlines: OrderDeadlines
    state: OrderState | None = None
    continue_after_events: int | None = None
    """Continue as new after this many history events; None leaves it to the server."""
    edition: int = 0
    """The edition of the workflow that the order began with (domain/editions.py)."""


@dataclass(frozen=True)
class OrderOutcome:
    """How an order ended: completed, canceled, rejected or expired, and why."""

    outcome: str
    reason: str = ""
