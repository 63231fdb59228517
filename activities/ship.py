"""Ship: book a carrier and get the waybill; void a booking; intercept a parcel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session
from temporalio import activity

from domain.disputes import DISPUTED
from domain.errors import VOIDED, CarrierRefused
from domain.money import Money
from domain.payment_terms import TermsKind
from domain.sscc import sscc
from domain.undo import Undone, UndoRequest
from integrations.bookings import Booking, BookingRequest, VoidResult
from integrations.tms import Tms
from models.database import Sessions, autocommit
from models.fulfillment import BookingRow, ShipmentRow
from record import journal
from record.orders import disputes
from record.parameters import ParameterCache
from record.shipping import bookings, cash, choosing, merges, parcels
from record.shipping.fulfillment_orders import FulfillmentStep
from record.shipping.parcels import Parcel

NO_CARRIER = "no_carrier"


@dataclass(frozen=True)
class BookingAnswer:
    """The shipment with its waybill, or why no carrier takes it (a short code). `changed`: look at the merge again."""

    shipment_id: str = ""
    carrier: str = ""
    waybill: str = ""
    refusal: str = ""
    changed: bool = False


@dataclass(frozen=True)
class InterceptionAnswer:
    """`asked` is true if the carrier will try; the result comes by webhook."""

    asked: bool


class Ship:
    """`company_prefix` is the GS1 company prefix of our parcel numbers (SSCC)."""

    def __init__(self, sessions: Sessions, tms: Tms, company_prefix: str, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.tms = tms
        self.company_prefix = company_prefix
        self.parameters = parameters

    @activity.defn(no_thread_cancel_exception=True)
    def book_shipment(self, step: FulfillmentStep) -> BookingAnswer:
        """Book the best carrier, or the next one if it refuses. If all refuse, the answer says why.

        A shared parcel that changed because an order left it is not booked, or its booking is voided.
        """
        shipment_id = f"{step.merge_id or step.fulfillment_order_id}-S{step.round}"
        # The contents of a shared parcel are locked while its carriers are ranked; what is stored first counts.
        with self.sessions.begin() if step.merge_id else autocommit(self.sessions) as session:
            parcel = parcels.read(session, step, shipment_id)
            if parcel:
                # An order whose money is disputed is rare, and only then a statement is spent on it.
                disputed = [order.order_id for order in parcel.orders if order.disputed_minor]
                if disputed and disputes.is_held(session, disputed):
                    return BookingAnswer(refusal=DISPUTED)
                now = self.parameters.at(session, datetime.now(UTC))
                ranked = choosing.choose_carriers(session, shipment_id, parcel, now)
        if not parcel:
            return self._give_back(shipment_id)
        request = parcels.booking_request(step, parcel, shipment_id, self._to_collect(parcel, shipment_id))
        last_refusal = VOIDED if ranked.given_back else next(reversed(ranked.refusals.values()), "")
        for offer in ranked.remaining:
            try:
                booking = self._book(request, offer, ranked.asked)
            except CarrierRefused as refusal:
                last_refusal = refusal.code
                self._note_refusal(step, shipment_id, offer, refusal)
                if refusal.code == VOIDED:
                    break
                continue
            return self._keep(step, parcel, shipment_id, booking, offer, ranked.serials)
        with self.sessions.begin() as session:
            merges.begin_round(session, step.merge_id, after=step.round)
        return BookingAnswer(refusal=last_refusal or NO_CARRIER)

    @activity.defn(no_thread_cancel_exception=True)
    def void_waybill(self, undo: UndoRequest) -> Undone:
        """Void the booking, so that the carrier does not come."""
        return self._void(undo, merges.take_apart)

    @activity.defn(no_thread_cancel_exception=True)
    def free_parcel(self, undo: UndoRequest) -> Undone:
        """Void the booking, so that the same parcel is booked again."""
        return self._void(undo, merges.book_again)

    @activity.defn(no_thread_cancel_exception=True)
    def intercept_parcel(self, undo: UndoRequest) -> InterceptionAnswer:
        """Ask the carrier to bring a parcel back, unless it also holds goods of other orders."""
        with self.sessions() as session:
            shared = parcels.shared(session, undo)
            shipment, by = session.get(ShipmentRow, undo.subject), bookings.way_of(session, undo.subject)
        waybill, key = shipment.waybill if shipment else "", f"{undo.subject}:intercept"
        asked = not shared and self.tms.intercept(undo.subject, waybill, undo.reason, key, by).asked
        with self.sessions.begin() as session:
            data = {"shipment_id": undo.subject, "asked": asked, "shared": shared}
            key = f"{undo.subject}:interception"
            journal.append_fact(session, undo.order_id, "shipment.interception_asked", key, data)
        return InterceptionAnswer(asked)

    def _to_collect(self, parcel: Parcel, shipment_id: str) -> Money | None:
        if parcel.orders[0].payment_terms != TermsKind.ON_DELIVERY:
            return None
        with self.sessions.begin() as session:
            return cash.ask(session, parcel, shipment_id)

    def _book(self, request: BookingRequest, offer: dict[str, Any], asked: str) -> Booking:
        """Ask one carrier, with a key of its own. `asked` is the one that the record names already."""
        shipment_id, carrier = request["shipment_id"], offer["carrier"]
        if carrier != asked:
            with self.sessions.begin() as session:
                if not bookings.mark_asked(session, shipment_id, carrier):
                    raise CarrierRefused(VOIDED)
        if carrier:
            request = {**request, "carrier": carrier}
        return self.tms.book(request, f"{shipment_id}:book:{carrier}", offer["by"])

    def _note_refusal(
        self, step: FulfillmentStep, shipment_id: str, offer: dict[str, Any], refusal: CarrierRefused
    ) -> None:
        with self.sessions.begin() as session:
            parcel = parcels.contents(session, step, shipment_id)
            bookings.record_refusal(session, shipment_id, parcel, offer["carrier"], refusal.code)

    def _keep(
        self,
        step: FulfillmentStep,
        read: Parcel,
        shipment_id: str,
        booking: Booking,
        offer: dict[str, Any],
        serials: Sequence[int],
    ) -> BookingAnswer:
        answer = BookingAnswer(shipment_id, booking.carrier, booking.waybill)
        codes = [sscc(self.company_prefix, serial) for serial in serials]
        if not step.merge_id:
            with autocommit(self.sessions) as session:
                if bookings.record_unchanged(session, read, shipment_id, booking, offer, codes):
                    return answer
        with self.sessions.begin() as session:
            parcel = parcels.contents(session, step, shipment_id)
            given_back = session.get_one(BookingRow, shipment_id, with_for_update=True).given_back_at is not None
            if not given_back:
                bookings.record(session, parcel, shipment_id, booking, offer, self.company_prefix)
                merges.mark_booked(session, step.merge_id, parcel, shipment_id, step.fulfillment_order_id)
        if not parcel or given_back:
            return self._give_back(shipment_id)
        return answer

    def _void(self, undo: UndoRequest, afterwards: Callable[[Session, UndoRequest], None]) -> Undone:
        with self.sessions.begin() as session:
            by = bookings.give_back(session, undo.subject)
        result = self.tms.void(undo.subject, undo.reason, f"{undo.subject}:void", by)
        with self.sessions.begin() as session:
            if result == VoidResult.TOO_LATE:
                bookings.keep(session, undo.subject)
                return Undone(done=False, detail=result)
            where = ShipmentRow.shipment_id == undo.subject, ShipmentRow.voided_at.is_(None)
            if session.scalar(update(ShipmentRow).where(*where).values(voided_at=func.now()).returning(func.now())):
                data = {"shipment_id": undo.subject, "reason": undo.reason}
                key = f"{undo.subject}:voided"
                journal.append_fact(session, undo.order_id, "shipment.voided", key, data, undo.actor)
                afterwards(session, undo)
            cash.give_up(session, undo.subject)
        return Undone(done=True, detail=result)

    def _give_back(self, shipment_id: str) -> BookingAnswer:
        """Void a booking that is no longer wanted, even if the carrier may not have it yet."""
        with self.sessions.begin() as session:
            by = bookings.give_back(session, shipment_id)
            cash.give_up(session, shipment_id)
        self.tms.void(shipment_id, "the parcel has changed", f"{shipment_id}:changed", by)
        return BookingAnswer(changed=True)
