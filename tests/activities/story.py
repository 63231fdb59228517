"""The story of one order and its return, one step a line; a test may begin at any step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from activities.allocate import Allocate
from activities.audit import Audit, AuditRequest
from activities.capturing import Captures, CaptureStep
from activities.carrier_claims import CarrierClaims, ParcelTrouble, Remedy
from activities.editing import EditRequest, Edits
from activities.follow_ups import FollowUps
from activities.holds import Hold, Holds, Release
from activities.notify import Notify, NotifyRequest
from activities.outcome import Alert, Ending, Outcome
from activities.payment_links import LinkRequest, PaymentLinks
from activities.payments import Refunds
from activities.pick import Pick
from activities.progress import ProgressReports
from activities.redeliver import Redeliver, RedeliverAnswer, RedeliverRequest
from activities.refund_ways import RefundWays
from activities.reroute import Corrected, Reroute, Rerouting
from activities.reserve import Reserve, StockRequest
from activities.return_labels import ReturnLabels
from activities.return_refunds import ReturnRefunds
from activities.return_reports import ReturnProgress, ReturnReports
from activities.return_requests import CaseDecision, CaseRequest, ReturnRequests
from activities.returns import Returns
from activities.ship import Ship
from activities.shortages import Repayment, Shortages
from activities.withdraw import Withdraw, Withdrawal, Withdrawn
from domain.contents.ways import BY_INBOX, Ways
from domain.editing.wanted import WantedEdit
from domain.ids import return_id
from domain.milestones import RECIPIENTS
from domain.money import Money
from domain.returns.requests import (
    AnnounceReturnRequest,
    AskAttentionRequest,
    BookLabelRequest,
    EndReturnRequest,
    PlaceFollowUpRequest,
    RecordGoodsRequest,
    RefundReturnRequest,
    SendFollowUpRequest,
)
from domain.undo import UndoRequest
from integrations.circuit import Circuits
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import Inbox, MessageInbox
from integrations.payments import Payments
from integrations.tms import Tms
from integrations.wms import Wms
from models.authorization import AuthorizationRow
from models.database import Sessions
from models.deadlines import AddressCorrectionRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
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
from record.stock.receipts import receive_goods
from record.stock.shortage_decisions import Decision
from tests.factories import CHANNEL, LAMP, RECEIVER, TEACUP, fresh_outlooks, place_order, store_webhook

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


def in_short(steps: Steps) -> Steps:
    """Reserve all lamps for another order, so that this one is short; a second call changes nothing."""
    if "all lamps" not in steps.stored:
        other = place_order(steps.sessions, [(LAMP, 12)])
        steps.reserve.reserve_stock(StockRequest(other, 1))
        steps.reserve.reserve_stock(StockRequest(steps.order_id, 1))
        steps.stored["all lamps"] = ("", other)
    return steps


def opened(steps: Steps, kind: str) -> Steps:
    """Open a case of this kind."""
    steps.requests.open_return(steps.requested(kind=kind))
    return steps


def credited(steps: Steps) -> Steps:
    """Open a goodwill claim that is paid as store credit."""
    claim = steps.requested(kind="claim", amount="1.50", refund_to="store_credit")
    steps.requests.open_return(claim)
    return steps


def replaced(steps: Steps) -> Steps:
    """Open a case that reships a lamp, and reserve the lamp."""
    opened(steps, "reship").follow_ups.place_follow_up(PlaceFollowUpRequest(steps.case))
    return steps


def withdraw_a_lamp(steps: Steps) -> Withdrawn:
    steps.requests.open_return(steps.requested())
    return steps.withdraw.withdraw_lines(Withdrawal(steps.order_id, steps.case, "recalled"))


def corrected(steps: Steps) -> str:
    """Record a new address for the parcel that the carrier has not answered yet; return the id of the correction."""
    name = "address:1"
    with steps.sessions.begin() as session:
        if session.get(AddressCorrectionRow, name) is None:
            address = {**RECEIVER, "lines": ["9 Orchid Road"], "country": "CN", "province": "Zhejiang"}
            session.add(
                AddressCorrectionRow(correction_id=name, order_id=steps.order_id, address=address, asked_by="sun")
            )
    return name


def make_edit(steps: Steps, wanted: WantedEdit, number: int = 1, *, recalled: bool = False) -> EditOutcome:
    """Ask for an edit, once for each number, and make it."""
    edit_id = f"{steps.order_id}-E-{number}"
    with steps.sessions.begin() as session:
        row = lock_order(session, steps.order_id)
        edits.propose(session, row, wanted, edit_id, edits.API, "sun", "the customer called")
    return steps.edits.make_edit(EditRequest(steps.order_id, edit_id, 1_000 + number, recalled))


def charged(steps: Steps) -> Steps:
    """Make an edit by which the order costs a little more."""
    make_edit(steps, WantedEdit(amounts={"shipping": Money(900, "CNY")}), 3)
    return steps


def only_reserved(steps: Steps) -> Steps:
    """Have the order's money reserved instead of paid."""
    with steps.sessions.begin() as session:
        order = session.get_one(OrderRow, steps.order_id)
        if session.get(AuthorizationRow, steps.order_id) is None:
            session.execute(delete(MoneyMovementRow).where(MoneyMovementRow.order_id == steps.order_id))
            order.payment_reference = f"AUTH-{steps.order_id}:67.97:CNY"
            fields = {"reference": order.payment_reference, "amount_minor": 6797, "currency": "CNY"}
            session.add(AuthorizationRow(order_id=steps.order_id, capture="shipment", **fields))
    return steps


def settle_correction(steps: Steps) -> None:
    steps.rerouting.settle_correction(Corrected(steps.order_id, corrected(steps), [steps.shipment]))


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


@dataclass(frozen=True)
class Aside:
    """A step that not every order takes, and the step of the story after which it may come."""

    after: str
    act: Act


ASIDES: Mapping[str, Aside] = {
    "raise_hold": Aside(
        "reserve_stock", lambda s: s.holds.raise_hold(Hold(s.order_id, "FRAUD", "a strange night", "staff", "FRAUD:1"))
    ),
    "raise_alert": Aside(
        "allocate_stock", lambda s: s.outcome.raise_alert(Alert(s.order_id, "PICK_LATE", s.work, "the pick is late"))
    ),
    "raise_alert:over": Aside(
        "allocate_stock", lambda s: s.outcome.raise_alert(Alert(s.order_id, "PICK_LATE", s.work, ""))
    ),
    "record_progress:rejected": Aside(
        "release_to_pick", lambda s: s.record(s.warehouse_event("rejected", reason="the lamps are wet"))
    ),
    "record_progress:short_picked": Aside(
        "release_to_pick", lambda s: s.record(s.warehouse_event("picked", lines=A_LAMP))
    ),
    "intercept_parcel": Aside(
        "book_shipment", lambda s: s.ship.intercept_parcel(UndoRequest(s.order_id, s.shipment, REASON))
    ),
    "record_progress:interception_refused": Aside(
        "record_progress:in_transit",
        lambda s: s.record(
            s.webhook("tms", "shipment.interception_answered", s.shipment, accepted=False, reason="lost")
        ),
    ),
    "record_progress:returned": Aside(
        "record_progress:in_transit", lambda s: s.record(s.warehouse_event("returned", location_id="CHENGDU"))
    ),
    "record_progress:failed_attempt": Aside(
        "record_progress:in_transit", lambda s: s.record(s.tracking_event("failed_attempt", hours=2))
    ),
    "take_up": Aside(
        "record_progress:in_transit", lambda s: s.claims.take_up(ParcelTrouble(s.order_id, s.work, "lost"))
    ),
    "make_good:reship": Aside(
        "record_progress:in_transit", lambda s: s.claims.make_good(Remedy(s.order_id, s.work, "reship", "sun"))
    ),
    "make_good:refund": Aside(
        "record_progress:in_transit", lambda s: s.claims.make_good(Remedy(s.order_id, s.work, "refund", "sun"))
    ),
    "reroute_parcel": Aside(
        "record_progress:in_transit",
        lambda s: s.rerouting.reroute_parcel(Reroute(s.order_id, s.shipment, corrected(s))),
    ),
    "settle_correction": Aside("record_progress:in_transit", settle_correction),
    "open_return:early": Aside("reserve_stock", lambda s: s.requests.open_return(s.requested())),
    "withdraw_lines": Aside("reserve_stock", withdraw_a_lamp),
    "make_edit": Aside(
        "reserve_stock", lambda s: make_edit(s, WantedEdit(quantities={1: 1}, notes={"remarks": "ring"}))
    ),
    "ask_for_charge": Aside("audit_order", lambda s: charged(s).links.ask_for_charge(LinkRequest(s.order_id))),
    "tell_links": Aside("audit_order", lambda s: charged(s).links.tell_links(LinkRequest(s.order_id, "3"))),
    "decide_return": Aside(
        "end_order",
        lambda s: opened(s, "warranty").requests.decide_return(CaseDecision(s.case, True, "sun", "within two years")),
    ),
    "book_label": Aside("record_goods", lambda s: s.labels.book_label(BookLabelRequest(s.case))),
    "place_follow_up": Aside(
        "end_order", lambda s: opened(s, "exchange").follow_ups.place_follow_up(PlaceFollowUpRequest(s.case))
    ),
    "send_follow_up": Aside("end_order", lambda s: replaced(s).follow_ups.send_follow_up(SendFollowUpRequest(s.case))),
    "refund_return:credited": Aside(
        "end_order", lambda s: credited(s).return_refunds.refund_return(RefundReturnRequest(s.case, 1))
    ),
    "end_return:expired": Aside(
        "announce_return", lambda s: s.returns.end_return(EndReturnRequest(s.case, "expired", "the lamp did not come"))
    ),
    "ask_attention": Aside(
        "announce_return", lambda s: s.returns.ask_attention(AskAttentionRequest(s.case, "REFUND_REFUSED", "no money"))
    ),
    "end_order:canceled": Aside(
        "audit_order", lambda s: s.outcome.end_order(Ending(s.order_id, "canceled", REASON, "sun"))
    ),
    "capture_goods": Aside(
        "record_progress:packed", lambda s: only_reserved(s).captures.capture_goods(CaptureStep(s.order_id, s.work))
    ),
    "propose": Aside("audit_order", lambda s: in_short(s).shortages.propose(s.order_id)),
    "decide_shortage": Aside(
        "audit_order",
        lambda s: in_short(s).shortages.decide_shortage(
            Decision(s.order_id, 9, "cancel_line", LAMP, "", "sun", "agreed by phone")
        ),
    ),
    "repay_lines": Aside(
        "audit_order",
        lambda s: s.shortages.repay_lines(Repayment(s.order_id, f"{s.order_id}:refund:short:9", 1999, "short")),
    ),
    "receive_goods": Aside(
        "audit_order",
        lambda s: receive_goods(
            s.sessions,
            *s.webhook("erp", "stock.received", "RECEIPT-1", receipt_id="RECEIPT-1", location_id="CHENGDU", lines=BOTH),
        ),
    ),
}

UNDOS: Mapping[str, Aside] = {
    "release_hold": Aside("audit_order", lambda s: s.holds.release_hold(Release(s.order_id, "FRAUD", "sun", "known"))),
    "release_stock": Aside("reserve_stock", lambda s: s.reserve.release_stock(s.undo(s.order_id))),
    "deallocate_stock": Aside("allocate_stock", lambda s: s.allocate.deallocate_stock(s.undo(s.work))),
    "recall_pick": Aside("release_to_pick", lambda s: s.pick.recall_pick(s.undo(s.work))),
    "free_parcel": Aside("book_shipment", lambda s: s.ship.free_parcel(s.undo(s.shipment))),
    "void_waybill": Aside("book_shipment", lambda s: s.ship.void_waybill(s.undo(s.shipment))),
    "refund_order": Aside("audit_order", lambda s: s.refunds.refund_order(s.undo(s.order_id))),
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
