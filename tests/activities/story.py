"""The story of one order and its return, one step a line; a test may begin at any step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.allocate import Allocate
from activities.audit import Audit, AuditRequest
from activities.capturing import Captures
from activities.carrier_claims import CarrierClaims
from activities.editing import EditRequest, Edits
from activities.follow_ups import FollowUps
from activities.holds import Holds
from activities.notify import Notify, NotifyRequest
from activities.outcome import Ending, Outcome
from activities.payment_links import PaymentLinks
from activities.payments import Refunds
from activities.pick import Pick
from activities.progress import ProgressReports
from activities.redeliver import Redeliver, RedeliverAnswer, RedeliverRequest
from activities.refund_ways import RefundWays
from activities.reroute import Rerouting
from activities.reserve import Reserve, StockRequest
from activities.return_labels import ReturnLabels
from activities.return_refunds import ReturnRefunds
from activities.return_reports import ReturnProgress, ReturnReports
from activities.return_requests import CaseRequest, ReturnRequests
from activities.returns import Returns
from activities.ship import Ship
from activities.shortages import Shortages
from activities.withdraw import Withdraw
from domain.contents.ways import BY_INBOX, Ways
from domain.editing.wanted import WantedEdit
from domain.ids import return_id
from domain.milestones import RECIPIENTS
from domain.returns.requests import (
    AnnounceReturnRequest,
    EndReturnRequest,
    RecordGoodsRequest,
    RefundReturnRequest,
)
from domain.undo import UndoRequest
from integrations.circuit import Circuits
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import Inbox, MessageInbox
from integrations.payments import Payments
from integrations.tms import Tms
from integrations.wms import Wms
from models.database import Sessions
from models.order import OrderRow
from record.channels.account_cache import AccountCache
from record.messages.letters import Letters
from record.order_mapping import lock_order
from record.orders import edits
from record.orders.edits import EditOutcome
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.shipping.fulfillment_orders import FulfillmentStep
from record.shipping.progress import Progress, Reports
from tests.factories import CHANNEL, LAMP, TEACUP, fresh_outlooks, place_order, store_webhook

Event = tuple[str, str]
EXAMPLE_PREFIX = "9521234"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
REASON = "the customer canceled"


@dataclass
class Steps:
    """Every activity, and the order of the story. A webhook asked for twice is stored once."""

    sessions: Sessions
    audit: Audit
    holds: Holds
    reserve: Reserve
    allocate: Allocate
    withdraw: Withdraw
    pick: Pick
    ship: Ship
    progress: ProgressReports
    refunds: Refunds
    shortages: Shortages
    notify: Notify
    redeliver: Redeliver
    outcome: Outcome
    requests: ReturnRequests
    returns: Returns
    labels: ReturnLabels
    return_refunds: ReturnRefunds
    follow_ups: FollowUps
    return_progress: ReturnProgress
    claims: CarrierClaims
    rerouting: Rerouting
    edits: Edits
    links: PaymentLinks
    captures: Captures
    order_id: str
    stored: dict[str, Event]

    @property
    def work(self) -> str:
        """The order's first fulfillment order."""
        return f"{self.order_id}-1"

    @property
    def shipment(self) -> str:
        return f"{self.work}-S1"

    @property
    def case(self) -> str:
        return return_id(self.order_id, "CASE-1")

    def webhook(self, partner: str, kind: str, subject: str, name: str = "", /, **data: Any) -> Event:
        """Store the webhook of this kind and subject once, and return its key; `name` distinguishes two of a kind."""
        key = f"{kind}:{subject}:{name}"
        if key not in self.stored:
            self.stored[key] = store_webhook(self.sessions, partner, kind, subject, **data)
        return self.stored[key]

    def warehouse_event(self, what: str, name: str = "", **data: Any) -> Event:
        data = {"fulfillment_order_id": self.work, **data}
        return self.webhook("wms", f"fulfillment_order.{what}", self.work, name, **data)

    def tracking_event(self, status: str, hours: int = 0) -> Event:
        at = (YESTERDAY + timedelta(hours=hours)).isoformat()
        data = {"shipment_id": self.shipment, "waybill": "SF-1", "status": status, "occurred_at": at, "note": ""}
        return self.webhook("tms", "shipment.tracking_updated", self.shipment, status, **data)

    def record(self, *events: Event) -> Progress:
        return self.progress.record_progress(Reports(self.order_id, self.work, list(events)))

    def requested(self, case_id: str = "CASE-1", lines: Mapping[int, int] | None = None, **changes: Any) -> CaseRequest:
        """Request a return of one lamp, or of these units by line number. `changes` replace fields."""
        with self.sessions() as session:
            number = session.get_one(OrderRow, self.order_id).channel_order_id
        asked = [{"line_no": line_no, "quantity": units} for line_no, units in (lines or {1: 1}).items()]
        data = {"case_id": case_id, "channel": CHANNEL, "channel_order_id": number, "reason": "broken", "lines": asked}
        data |= changes
        event = self.webhook("crm", "return.requested", f"{CHANNEL}/{number}", case_id, **data)
        return CaseRequest(CHANNEL, number, case_id, *event)

    def return_event(self, what: str, lines: list[dict[str, Any]], case: str = "") -> Event:
        case = case or self.case
        data = {"return_id": case, "location_id": "HANGZHOU", "lines": lines}
        return self.webhook("wms", f"return.{what}", case, what, **data)

    def record_return(self, *events: Event, case: str = "") -> str:
        return self.return_progress.record_return(ReturnReports(case or self.case, list(events)))

    def undo(self, subject: str) -> UndoRequest:
        return UndoRequest(self.order_id, subject, REASON)

    def step(self) -> FulfillmentStep:
        return FulfillmentStep(self.order_id, self.work)

    def tell(self, *recipients: str) -> list[RedeliverAnswer]:
        """Have these recipients, or all, told what waits for them."""
        return [self.redeliver.redeliver_batch(RedeliverRequest(name)) for name in recipients or RECIPIENTS]

    def up_to(self, last: str) -> "Steps":
        """Run the story through this step."""
        for name, act in STORY.items():
            act(self)
            if name == last:
                return self
        raise KeyError(last)

    def before(self, step: str) -> "Steps":
        """Run the story to just before this step."""
        names = list(STORY)
        return self.up_to(names[names.index(step) - 1]) if names.index(step) else self


Act = Callable[[Steps], Any]

BOTH = [{"sku": LAMP, "quantity": 2}, {"sku": TEACUP, "quantity": 1}]
A_LAMP = [{"sku": LAMP, "quantity": 1}]
A_GOOD_LAMP = [{"sku": LAMP, "quantity": 1, "disposition": "restock", "grade": "A"}]


def make_edit(steps: Steps, wanted: WantedEdit, number: int = 1, *, recalled: bool = False) -> EditOutcome:
    """Ask for an edit, once for each number, and make it."""
    edit_id = f"{steps.order_id}-E-{number}"
    with steps.sessions.begin() as session:
        row = lock_order(session, steps.order_id)
        edits.propose(session, row, wanted, edit_id, edits.API, "sun", "the customer called")
    return steps.edits.make_edit(EditRequest(steps.order_id, edit_id, 1_000 + number, recalled))


STORY: Mapping[str, Act] = {
    "audit_order": lambda s: s.audit.audit_order(AuditRequest(s.order_id, 1)),
    "reserve_stock": lambda s: s.reserve.reserve_stock(StockRequest(s.order_id, 1)),
    "allocate_stock": lambda s: s.allocate.allocate_stock(StockRequest(s.order_id, 2)),
    "release_to_pick": lambda s: s.pick.release_to_pick(s.step()),
    "record_progress:picking": lambda s: s.record(s.warehouse_event("picking")),
    "record_progress:picked": lambda s: s.record(s.warehouse_event("picked", lines=BOTH)),
    "record_progress:packed": lambda s: s.record(s.warehouse_event("packed", parcels=[{"weight_grams": 1100}])),
    "book_shipment": lambda s: s.ship.book_shipment(s.step()),
    "record_progress:in_transit": lambda s: s.record(s.tracking_event("in_transit", hours=1)),
    "record_progress:delivered": lambda s: s.record(s.tracking_event("delivered", hours=2)),
    "end_order": lambda s: s.outcome.end_order(Ending(s.order_id, "completed", "everything was delivered")),
    "open_return": lambda s: s.requests.open_return(s.requested()),
    "record_goods": lambda s: s.returns.record_goods(RecordGoodsRequest(s.case, "delivered")),
    "announce_return": lambda s: s.returns.announce_return(AnnounceReturnRequest(s.case)),
    "record_return:received": lambda s: s.record_return(s.return_event("received", A_LAMP)),
    "record_return:inspected": lambda s: s.record_return(s.return_event("inspected", A_GOOD_LAMP)),
    "refund_return": lambda s: s.return_refunds.refund_return(RefundReturnRequest(s.case, 1)),
    "end_return": lambda s: s.returns.end_return(EndReturnRequest(s.case, "closed")),
    "notify": lambda s: s.notify.notify(NotifyRequest(s.order_id)),
    "redeliver_batch": lambda s: s.redeliver.redeliver_batch(RedeliverRequest("erp")),
}


def build_steps(sessions: Sessions, partners: Mapping[str, PartnerHttp]) -> Steps:
    wms, tms, payments = Wms(partners["wms"]), Tms(partners["tms"]), Payments(partners["payments"])
    ways = RefundWays(sessions, payments, ParameterCache(0), AccountCache(sessions, 0), Circuits())
    return Steps(
        sessions=sessions,
        # Without a cache, so that a test need not wait for its own rules.
        audit=Audit(sessions, payments, ParameterCache(), StaffRules(Confined(), 0)),
        holds=Holds(sessions, ParameterCache()),
        reserve=Reserve(sessions, fresh_outlooks()),
        allocate=Allocate(sessions, fresh_outlooks()),
        withdraw=Withdraw(sessions),
        pick=Pick(sessions, wms),
        ship=Ship(sessions, tms, EXAMPLE_PREFIX, ParameterCache(0)),
        progress=ProgressReports(sessions, ParameterCache()),
        refunds=Refunds(sessions, ways),
        shortages=Shortages(sessions, ways),
        notify=Notify(sessions),
        redeliver=Redeliver(
            sessions, letters_to(sessions, {name: MessageInbox(partners[name]) for name in RECIPIENTS})
        ),
        outcome=Outcome(sessions),
        requests=ReturnRequests(sessions, ParameterCache(0)),
        returns=Returns(sessions, wms),
        labels=ReturnLabels(sessions, tms),
        return_refunds=ReturnRefunds(sessions, ways, Crm(partners["crm"]), ParameterCache(0)),
        follow_ups=FollowUps(sessions, fresh_outlooks(), ParameterCache()),
        return_progress=ReturnProgress(sessions),
        claims=CarrierClaims(sessions, ParameterCache()),
        rerouting=Rerouting(sessions, tms),
        edits=Edits(sessions, fresh_outlooks()),
        links=PaymentLinks(sessions, payments),
        captures=Captures(sessions, payments),
        order_id=place_order(sessions),
        stored={},
    )


def letters_to(sessions: Sessions, inboxes: Mapping[str, Inbox], ways: Ways = BY_INBOX) -> Letters:
    """Letters that use what staff have written at once."""
    return Letters(sessions, inboxes, ParameterCache(0), AccountCache(sessions, 0), Circuits(), ways)
