"""Pickup: goods that are packed at a store wait for the customer, who gets a code for them."""

from sqlalchemy import func
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from activities.allocate import lock_fulfillment_order
from activities.pick import FulfillmentStep
from domain import milestones
from domain.pickup import code_hash, new_code
from domain.status import FulfillmentStatus
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow


class Pickups:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def make_ready(self, step: FulfillmentStep) -> None:
        """Write the customer a message with a code. The code stands nowhere else, least of all in a history."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, step.fulfillment_order_id)
            if row and row.status == FulfillmentStatus.PACKED and row.ready_at is None:
                row.ready_at = func.now()
                give_code(session, row, str(row.number))
                data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
                key = f"{row.fulfillment_order_id}:ready"
                journal.happened(session, row.order_id, "fulfillment_order.ready_for_pickup", key, data)


def give_code(session: Session, row: FulfillmentOrderRow, subject: str) -> None:
    """A new code, of which only the hash is kept, and the message that tells the customer. `subject` tells this message
    from others about the same order."""
    code = new_code()
    row.pickup_code_hash, row.pickup_tries = code_hash(row.fulfillment_order_id, code), 0
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
    secret = {"inbox": {milestones.PICKUP_CODE: code}}
    journal.announce(session, row.order_id, milestones.READY, data, subject, secret)
