"""Pickup: goods packed at a store wait for the customer, who gets a code."""

from sqlalchemy import func
from temporalio import activity

from domain.status import FulfillmentStatus
from models.database import Sessions
from record import journal
from record.shipping.fulfillment_orders import FulfillmentStep, lock_fulfillment_order
from record.shipping.pickups import send_code


class Pickups:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def make_ready(self, step: FulfillmentStep) -> None:
        """Write the customer a message with the code. The code is stored nowhere else, least of all in a history."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, step.fulfillment_order_id)
            if row and row.status == FulfillmentStatus.PACKED and row.ready_at is None:
                row.ready_at = func.now()
                send_code(session, row, str(row.number))
                data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
                key = f"{row.fulfillment_order_id}:ready"
                journal.append_fact(session, row.order_id, "fulfillment_order.ready_for_pickup", key, data)
