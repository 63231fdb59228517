"""Pick: send the work to the warehouse, and call it back."""

from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.orm import Session
from temporalio import activity

from domain.errors import PickRefused
from domain.status import FULFILLMENT, FulfillmentStatus, is_final
from domain.undo import Undone, UndoRequest
from integrations.wms import RecallResult, Warehouse
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from record import journal
from record.order_mapping import order_of, ship_to
from record.shipping.fulfillment_orders import (
    FulfillmentStep,
    end_fulfillment_order,
    lock_fulfillment_order,
    pick_request,
)


@dataclass(frozen=True)
class PickAnswer:
    """The fulfillment order's status now: released, or rejected with the reason."""

    status: str
    reason: str = ""


class Pick:
    def __init__(self, sessions: Sessions, wms: Warehouse) -> None:
        self.sessions = sessions
        self.wms = wms

    @activity.defn(no_thread_cancel_exception=True)
    def release_to_pick(self, step: FulfillmentStep) -> PickAnswer:
        """Hand the work to the warehouse. A refusal ends the fulfillment order and is an answer, not an error."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, step.fulfillment_order_id)
            # It was moved to another location just now.
            if row and row.status == FulfillmentStatus.CANCELED:
                return PickAnswer(FulfillmentStatus.CANCELED)
            order = order_of(session, step.order_id)
            request, version = pick_request(session, step, order), order.version
        try:
            reference = self.wms.pick(request, key=f"{step.fulfillment_order_id}:pick")
        except PickRefused as refusal:
            return self._rejected(step, refusal.code)
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, step.fulfillment_order_id)
            if row and row.status == FulfillmentStatus.OPEN:
                row.status, row.wms_reference, row.released_at = FulfillmentStatus.RELEASED, reference, func.now()
                data = {"fulfillment_order_id": step.fulfillment_order_id, "location_id": row.location_id}
                key = f"{step.fulfillment_order_id}:released"
                journal.append_fact(session, step.order_id, "fulfillment_order.released", key, data)
                order = order_of(session, step.order_id)
                if order.version != version and ship_to(order) != request["ship_to"]:
                    _alert_changed(session, row)
            ended = row is not None and is_final(FULFILLMENT, FulfillmentStatus(row.status))
        return PickAnswer(row.status if row and ended else FulfillmentStatus.RELEASED)

    @activity.defn(no_thread_cancel_exception=True)
    def recall_pick(self, undo: UndoRequest) -> Undone:
        """Call the work back. `deallocate_stock` releases the stock once the goods are known to stay."""
        with self.sessions.begin() as session:
            row = session.get(FulfillmentOrderRow, undo.subject)
            location = row.location_id if row else ""
        result = self.wms.recall(undo.subject, undo.reason, f"{undo.subject}:recall", location)
        return Undone(result == RecallResult.RECALLED, result)

    def _rejected(self, step: FulfillmentStep, code: str) -> PickAnswer:
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, step.fulfillment_order_id)
            if row and not is_final(FULFILLMENT, FulfillmentStatus(row.status)):
                end_fulfillment_order(session, row, FulfillmentStatus.REJECTED, code, actor="wms")
        return PickAnswer(FulfillmentStatus.REJECTED, code)


def _alert_changed(session: Session, row: FulfillmentOrderRow) -> None:
    """Alert a person: the warehouse has an outdated address, and the work cannot be sent to it twice."""
    reason = f"the order changed while {row.location_id} was asked to pick: tell the warehouse"
    session.execute(update(OrderRow).where(OrderRow.order_id == row.order_id).values(attention=reason))
    key = f"alert:ORDER_CHANGED:{row.fulfillment_order_id}"
    journal.append_fact(session, row.order_id, "alert.raised", key, {"code": "ORDER_CHANGED", "reason": reason})
