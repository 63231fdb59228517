"""Pickup codes: a store hands goods over to who has the code.

The code is checked here and the order is woken by a stored event, so that the code is in no workflow history."""

from uuid import uuid4

from sqlalchemy import func
from sqlalchemy.orm import Session

from domain import milestones
from domain.pickup import MAX_CODE_ATTEMPTS, code_hash, is_code, new_code
from domain.status import FulfillmentStatus
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from record import journal

PARTNER = "store"
FETCHED, LOCKED, NEW_CODE = (
    "fulfillment_order.fetched",
    "fulfillment_order.pickup_locked",
    "fulfillment_order.pickup_code_asked",
)
HANDED_OVER, WRONG, NOT_READY = "handed_over", "wrong", "not_ready"
MAX_COUNTED = 1_000


def hand_over(session: Session, row: FulfillmentOrderRow, code: str, actor: str) -> str:
    """Check a code for the locked `row`. Return handed_over, wrong or not_ready.

    Wrong codes are counted, and MAX_CODE_ATTEMPTS of them call a person. The right code always works, also again."""
    if row.pickup_code_hash is None or row.status not in (FulfillmentStatus.PACKED, FulfillmentStatus.DELIVERED):
        return NOT_READY
    if not is_code(row.fulfillment_order_id, code, row.pickup_code_hash):
        row.pickup_tries = min(row.pickup_tries + 1, MAX_COUNTED)
        if row.pickup_tries == MAX_CODE_ATTEMPTS:
            _store_event(session, row, LOCKED, f"locked:{uuid4().hex}", actor)
        return WRONG
    if row.fetched_at is None:
        row.fetched_at = func.now()
        _store_event(session, row, FETCHED, "fetched", actor)
    return HANDED_OVER


def request_new_code(session: Session, row: FulfillmentOrderRow, actor: str) -> bool:
    """Have a new code sent to the customer, which ends the alert. False when nothing waits to be fetched."""
    if row.pickup_code_hash is None or row.status != FulfillmentStatus.PACKED or row.fetched_at is not None:
        return False
    _store_event(session, row, NEW_CODE, f"code:{uuid4().hex}", actor)
    return True


def _store_event(session: Session, row: FulfillmentOrderRow, kind: str, what: str, actor: str) -> None:
    subject = row.fulfillment_order_id
    event = PartnerEventRow(partner=PARTNER, event_id=f"{subject}:{what}", type=kind, subject=subject)
    event.data = {"fulfillment_order_id": subject, "actor": actor}
    session.add(event)


def send_code(session: Session, row: FulfillmentOrderRow, subject: str) -> None:
    """Make a new code, store its hash only, and announce it to the customer.

    `subject` keeps this message apart from others about the same order."""
    code = new_code()
    row.pickup_code_hash, row.pickup_tries = code_hash(row.fulfillment_order_id, code), 0
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
    secret = {"inbox": {milestones.PICKUP_CODE: code}}
    journal.announce(session, row.order_id, milestones.READY, data, subject, secret)
