"""Have a person look at an order when there is no workflow to say so."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.order import OrderRow
from record import journal

_ATTENTION = text("UPDATE orders SET attention = :reason WHERE order_id = :order_id")


def call_a_person(session: Session, row: OrderRow, code: str, reason: str, about: str) -> None:
    """Show the reason, and log it once for each `about`: ids and numbers that tell one cause from another. `row` is
    locked."""
    row.attention = reason
    raise_alert(session, row.order_id, code, reason, about, row.channel)
    session.flush()


def call_to(session: Session, order_id: str, code: str, reason: str, about: str) -> None:
    """As `call_a_person`, of an order by its id; what was read of it before does not show the reason."""
    session.execute(_ATTENTION, {"order_id": order_id, "reason": reason})
    raise_alert(session, order_id, code, reason, about)


def raise_alert(
    session: Session, order_id: str, code: str, reason: str, about: str, actor: str = journal.SYSTEM
) -> None:
    """Log the alert, once for each `about`."""
    data = {"code": code, "reason": reason}
    journal.append_fact(session, order_id, "alert.raised", f"alert:{code}:{about}", data, actor)
