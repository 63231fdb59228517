"""Have a person look at an order when there is no workflow to say so."""

from sqlalchemy.orm import Session

from models.order import OrderRow
from record import journal


def call_a_person(session: Session, row: OrderRow, code: str, reason: str, about: str) -> None:
    """Show the reason, and log it once for each `about`: ids and numbers that tell one cause from another. `row` is
    locked."""
    row.attention = reason
    data = {"code": code, "reason": reason}
    journal.append_fact(session, row.order_id, "alert.raised", f"alert:{code}:{about}", data, row.channel)
    session.flush()
