"""Steps that not every order takes, and undos: each with the step of the story after which it may come."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete

from activities.capturing import CaptureStep
from activities.carrier_claims import ParcelTrouble, Remedy
from activities.holds import Hold, Release
from activities.outcome import Alert, Ending
from activities.payment_links import LinkRequest
from activities.reroute import Corrected, Reroute
from activities.reserve import StockRequest
from activities.return_requests import CaseDecision
from activities.shortages import Repayment
from activities.withdraw import Withdrawal, Withdrawn
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.returns.requests import (
    AskAttentionRequest,
    BookLabelRequest,
    EndReturnRequest,
    PlaceFollowUpRequest,
    RefundReturnRequest,
    SendFollowUpRequest,
)
from domain.undo import UndoRequest
from models.authorization import AuthorizationRow
from models.deadlines import AddressCorrectionRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record.stock.receipts import receive_goods
from record.stock.shortage_decisions import Decision
from tests.activities.story import A_LAMP, BOTH, REASON, Act, Steps, make_edit
from tests.factories import LAMP, RECEIVER, place_order


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
    "settle_correction": Aside("record_progress:in_transit", lambda s: settle_correction(s)),
    "open_return:early": Aside("reserve_stock", lambda s: s.requests.open_return(s.requested())),
    "withdraw_lines": Aside("reserve_stock", lambda s: withdraw_a_lamp(s)),
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
