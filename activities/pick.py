"""Pick: send the work to the warehouse, and call it back."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session
from temporalio import activity

from domain.errors import PickRefused
from domain.status import FULFILLMENT, FulfillmentStatus, is_final
from domain.undo import Undone, UndoRequest
from integrations.wms import RecallResult, Warehouse
from models.database import Sessions, autocommit, reading
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from record import journal
from record.order_mapping import order_of, ship_to
from record.shipping.fulfillment_orders import FulfillmentStep, end_fulfillment_order, lock_fulfillment_order
from record.shipping.releases import WarehouseWork, mark_released, pick_request, read_work


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
        with reading(self.sessions) as session:
            work = read_work(session, step.fulfillment_order_id)
        # It was moved to another location just now.
        if work.status == FulfillmentStatus.CANCELED:
            return PickAnswer(FulfillmentStatus.CANCELED)
        try:
            reference = self.wms.pick(pick_request(work), key=f"{step.fulfillment_order_id}:pick")
        except PickRefused as refusal:
            return self._rejected(step, refusal.code)
        with autocommit(self.sessions) as session:
            now = mark_released(session, work, reference)
        if now.version != work.order.version:
            with self.sessions.begin() as session:
                now = mark_released(session, work, reference, changed=True)
                if now.released and ship_to(order_of(session, step.order_id)) != ship_to(work.order):
                    _alert_changed(session, work)
        ended = is_final(FULFILLMENT, FulfillmentStatus(now.status))
        return PickAnswer(now.status if ended else FulfillmentStatus.RELEASED)

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


def _alert_changed(session: Session, work: WarehouseWork) -> None:
    """Alert a person: the warehouse has an outdated address, and the work cannot be sent to it twice."""
    reason = f"the order changed while {work.location_id} was asked to pick: tell the warehouse"
    session.execute(update(OrderRow).where(OrderRow.order_id == work.order.order_id).values(attention=reason))
    key = f"alert:ORDER_CHANGED:{work.fulfillment_order_id}"
    journal.append_fact(session, work.order.order_id, "alert.raised", key, {"code": "ORDER_CHANGED", "reason": reason})
