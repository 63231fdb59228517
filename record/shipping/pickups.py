"""A store hands goods over to who has the code. The code is judged here, and the order hears of it by a stored event,
so that it stands in no history."""

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
MOST_COUNTED = 1_000


def hand_over(session: Session, row: FulfillmentOrderRow, code: str, actor: str) -> str:
    """Judge a code: handed_over, wrong or not_ready. Of `row`, which is locked, each wrong one is counted, and one too
    many calls a person; the right one works whatever was said before, and again."""
    if row.pickup_code_hash is None or row.status not in (FulfillmentStatus.PACKED, FulfillmentStatus.DELIVERED):
        return NOT_READY
    if not is_code(row.fulfillment_order_id, code, row.pickup_code_hash):
        row.pickup_tries = min(row.pickup_tries + 1, MOST_COUNTED)
        if row.pickup_tries == MAX_CODE_ATTEMPTS:
            _tell(session, row, LOCKED, f"locked:{uuid4().hex}", actor)
        return WRONG
    if row.fetched_at is None:
        row.fetched_at = func.now()
        _tell(session, row, FETCHED, "fetched", actor)
    return HANDED_OVER


def ask_for_code(session: Session, row: FulfillmentOrderRow, actor: str) -> bool:
    """Have the customer told a new code, which ends the alert. False when nothing waits to be fetched."""
    if row.pickup_code_hash is None or row.status != FulfillmentStatus.PACKED or row.fetched_at is not None:
        return False
    _tell(session, row, NEW_CODE, f"code:{uuid4().hex}", actor)
    return True


def _tell(session: Session, row: FulfillmentOrderRow, kind: str, what: str, actor: str) -> None:
    subject = row.fulfillment_order_id
    event = PartnerEventRow(partner=PARTNER, event_id=f"{subject}:{what}", type=kind, subject=subject)
    event.data = {"fulfillment_order_id": subject, "actor": actor}
    session.add(event)


def give_code(session: Session, row: FulfillmentOrderRow, subject: str) -> None:
    """A new code, of which only the hash is kept, and the message that tells the customer. `subject` tells this message
    from others about the same order."""
    code = new_code()
    row.pickup_code_hash, row.pickup_tries = code_hash(row.fulfillment_order_id, code), 0
    data = {"fulfillment_order_id": row.fulfillment_order_id, "location_id": row.location_id}
    secret = {"inbox": {milestones.PICKUP_CODE: code}}
    journal.announce(session, row.order_id, milestones.READY, data, subject, secret)
