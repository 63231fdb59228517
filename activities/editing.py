"""Edit: make an edit that was asked for, or say what must be called back first, or why it is not made."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy.orm import Session
from temporalio import activity

from activities.reserve import StockRequest, claim_stock
from domain.editing.preview import FieldRefusal
from domain.status import OrderStatus
from models.database import Sessions
from models.edits import OrderEditRow
from models.order import OrderRow
from record import journal
from record.order_mapping import order_of
from record.orders import edits
from record.orders.alerts import call_a_person
from record.orders.edit_writing import APPLIED
from record.orders.edits import EditOutcome
from record.sourcing.needs import outstanding
from record.sourcing.outlooks import OutlookCache
from record.stock import excess, queue

CLAIMED = (OrderStatus.ACCEPTED, OrderStatus.IN_PROGRESS)


@dataclass(frozen=True)
class EditRequest:
    """`round` counts the order's claims of stock; 0 claims none. With `recalled` what could be called back has been.
    `refusal` says why the edit must not be made any more; `partial` means that the order sends what there is."""

    order_id: str
    edit_id: str
    round: int
    recalled: bool = False
    refusal: str = ""
    partial: bool = False


class _Short(Exception):
    """No location has, or may send, the units that come to the order."""


class Edits:
    def __init__(self, sessions: Sessions, outlooks: OutlookCache) -> None:
        self.sessions = sessions
        self._outlooks = outlooks

    @activity.defn
    def make_edit(self, request: EditRequest) -> EditOutcome:
        """Make the edit and claim stock for what comes of it, all or nothing; a repeat gets the first outcome."""
        with self.sessions.begin() as session:
            # Refresh the outlooks before anything is locked.
            self._outlooks.context(session)
            journal.lock_order(session, request.order_id)
            if known := journal.earlier_answer(session, _key(request)):
                return EditOutcome(**known)
            row = order_of(session, request.order_id)
            edit = edits.edit_of(session, request.order_id, request.edit_id)
            if edit is None:
                # Many others were asked for since, and it was forgotten.
                return EditOutcome(edits.SUPERSEDED, edits.MOVED_ON.field, edits.MOVED_ON.message)
            outcome = self._outcome(session, row, edit, request)
            if outcome.state != edits.PROPOSED:
                _if_refused(session, row, edit, outcome)
                journal.remember(session, _key(request), asdict(outcome))
            return outcome

    def _outcome(self, session: Session, row: OrderRow, edit: OrderEditRow, request: EditRequest) -> EditOutcome:
        if request.refusal and edit.state == edits.PROPOSED:
            return edits.refuse(session, edit, FieldRefusal("order", request.refusal))
        try:
            with session.begin_nested():
                return self._make(session, row, edit, request)
        except _Short as short:
            return edits.refuse(session, edit, FieldRefusal("lines", f"units of {short} cannot be claimed"))

    def _make(self, session: Session, row: OrderRow, edit: OrderEditRow, request: EditRequest) -> EditOutcome:
        outcome = edits.attempt(session, row, edit, recalled=request.recalled)
        if outcome.state != APPLIED:
            return outcome
        if "lines" in edit.fields:
            excess.release(session, row, edit.edit_id, self._outlooks)
        if request.round and row.status in CLAIMED and outstanding(session, request.order_id):
            claim = StockRequest(request.order_id, request.round, request.partial)
            [reservation] = claim_stock(session, [claim], self._outlooks)
            # An order that waits for other goods waits for these too.
            missing = queue.missing_skus(session, request.order_id) if reservation.short_units else []
            if short := [sku for sku in outcome.claimed_skus if sku in missing]:
                raise _Short(", ".join(short))
            outcome = replace(outcome, claimed=not reservation.short_units)
        return outcome


def _if_refused(session: Session, row: OrderRow, edit: OrderEditRow, outcome: EditOutcome) -> None:
    """Call one when what the channel has changed cannot be changed here."""
    if edit.source == edits.CHANNEL and outcome.state == edits.REFUSED:
        call_a_person(session, row, "ORDER_CHANGED", f"the channel changed the order: {outcome.refusal}", edit.edit_id)


def _key(request: EditRequest) -> str:
    return f"{request.order_id}:edit:{request.edit_id}"
