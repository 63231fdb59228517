"""Pick: tell the warehouse what to take from where; and call the work back."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.allocate import end_fulfillment_order, lock_fulfillment_order
from activities.auditing.instructions import FOR_WAREHOUSE, some_of
from activities.records import ship_to
from activities.undo import Undone, UndoRequest
from domain.errors import PickRefused
from domain.pickup import PICKUP
from domain.status import FULFILLMENT, FulfillmentStatus, is_final
from domain.waves import priority_of
from integrations.http import Line
from integrations.wms import PickRequest, RecallResult, Warehouse
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow


@dataclass(frozen=True)
class FulfillmentStep:
    """`round` counts the tries of one step, such as a booking after a refusal, from 1: those of the merge if it is for
    a shared parcel."""

    order_id: str
    fulfillment_order_id: str
    round: int = 1
    merge_id: str = ""


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
            # It was moved to another location at the last moment.
            if row and row.status == FulfillmentStatus.CANCELED:
                return PickAnswer(FulfillmentStatus.CANCELED)
            order = order_of(session, step.order_id)
            request, version = instruction(session, step, order), order.version
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
                journal.happened(session, step.order_id, "fulfillment_order.released", key, data)
                order = order_of(session, step.order_id)
                if order.version != version and ship_to(order) != request["ship_to"]:
                    _call_a_person(session, row)
            ended = row is not None and is_final(FULFILLMENT, FulfillmentStatus(row.status))
        return PickAnswer(row.status if row and ended else FulfillmentStatus.RELEASED)

    @activity.defn(no_thread_cancel_exception=True)
    def recall_pick(self, undo: UndoRequest) -> Undone:
        """Call the work back. The stock is given back by `deallocate_stock`, once the goods are known to stay."""
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


def lines_of(session: Session, fulfillment_order_id: str) -> list[Line]:
    """What a fulfillment order is for: as many as were picked, or asked for while nothing is known."""
    rows = session.scalars(
        select(FulfillmentLineRow)
        .where(FulfillmentLineRow.fulfillment_order_id == fulfillment_order_id)
        .order_by(FulfillmentLineRow.sku)
    )
    units = [(row.sku, row.quantity if row.picked is None else row.picked) for row in rows]
    return [Line(sku=sku, quantity=quantity) for sku, quantity in units if quantity]


def order_of(session: Session, order_id: str) -> OrderRow:
    return session.scalars(select(OrderRow).where(OrderRow.order_id == order_id)).one()


def _call_a_person(session: Session, row: FulfillmentOrderRow) -> None:
    """The warehouse was told of an address that does not stand any more, and cannot be told twice."""
    reason = f"the order changed while {row.location_id} was asked to pick: tell the warehouse"
    session.execute(update(OrderRow).where(OrderRow.order_id == row.order_id).values(attention=reason))
    key = f"alert:ORDER_CHANGED:{row.fulfillment_order_id}"
    journal.happened(session, row.order_id, "alert.raised", key, {"code": "ORDER_CHANGED", "reason": reason})


def instruction(session: Session, step: FulfillmentStep, order: OrderRow) -> PickRequest:
    """What the warehouse is asked, also when it is asked again."""
    columns = select(FulfillmentOrderRow.location_id, FulfillmentOrderRow.merge_id)
    work = session.execute(columns.where(FulfillmentOrderRow.fulfillment_order_id == step.fulfillment_order_id)).one()
    request = PickRequest(
        fulfillment_order_id=step.fulfillment_order_id,
        order_id=order.order_id,
        channel=order.channel,
        channel_order_id=order.channel_order_id,
        location_id=work.location_id,
        lines=lines_of(session, step.fulfillment_order_id),
        ship_to=ship_to(order),
        priority=priority_of(order.instructions),
    )
    if order.pickup_location:
        request["delivery_method"] = PICKUP
    if wishes := some_of(order.instructions, FOR_WAREHOUSE):
        request["instructions"] = wishes
    if work.merge_id:
        request["pack_together"] = work.merge_id
    return request
