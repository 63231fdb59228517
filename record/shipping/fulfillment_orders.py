"""Fulfillment orders as rows: lock them, and end them before they leave."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.status import FulfillmentStatus
from domain.stock.movements import Movement
from integrations.http import Line
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderRow
from record import journal
from record.orders.promises import update_due
from record.shipping import merges
from record.stock import ledger


def lock_fulfillment_order(session: Session, fulfillment_order_id: str) -> FulfillmentOrderRow | None:
    """Return the fulfillment order, locked after its order like everywhere else; None if there is none.

    Rows that refer to the two may still be written."""
    row = select(FulfillmentOrderRow).join(OrderRow, OrderRow.order_id == FulfillmentOrderRow.order_id)
    row = row.where(FulfillmentOrderRow.fulfillment_order_id == fulfillment_order_id)
    held = row.with_for_update(of=[OrderRow, FulfillmentOrderRow], key_share=True)
    return session.scalars(held, execution_options={"populate_existing": True}).one_or_none()


def end_fulfillment_order(
    session: Session, row: FulfillmentOrderRow, to: FulfillmentStatus, reason: str, actor: str = journal.SYSTEM
) -> None:
    """End a fulfillment order that has not left as canceled or rejected, and release its stock."""
    row.status = to
    held = session.execute(
        select(FulfillmentLineRow.sku, FulfillmentLineRow.allocated).where(
            FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id, FulfillmentLineRow.allocated > 0
        )
    ).all()
    session.execute(
        update(FulfillmentLineRow)
        .where(FulfillmentLineRow.fulfillment_order_id == row.fulfillment_order_id)
        .values(allocated=0)
    )
    released = [Movement("deallocated", line.sku, row.location_id, line.allocated) for line in held]
    ledger.post(session, released, row.order_id, f"{row.fulfillment_order_id} {to}")
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id, "reason": reason}
    key = f"{row.fulfillment_order_id}:{to}"
    journal.append_fact(session, row.order_id, f"fulfillment_order.{to}", key, data, actor)
    merges.leave(session, row, reason, actor)
    update_due(session, row.order_id)


@dataclass(frozen=True)
class FulfillmentStep:
    """`round` counts the attempts of one step, such as a booking after a refusal, from 1; for a shared parcel those of
    its merge."""

    order_id: str
    fulfillment_order_id: str
    round: int = 1
    merge_id: str = ""


def lines_of(session: Session, fulfillment_order_id: str) -> list[Line]:
    """Return the lines with the units picked, or ordered while nothing was reported."""
    rows = session.scalars(
        select(FulfillmentLineRow)
        .where(FulfillmentLineRow.fulfillment_order_id == fulfillment_order_id)
        .order_by(FulfillmentLineRow.sku)
    )
    units = [(row.sku, row.quantity if row.picked is None else row.picked) for row in rows]
    return [Line(sku=sku, quantity=quantity) for sku, quantity in units if quantity]
