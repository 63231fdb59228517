"""Has one order audited again, because somebody asks for it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.order import AuditRow, OrderRow
from record.channels.events import changed
from record.journal import append_fact
from record.messages.partner_events import INSERT_EVENTS, event_row
from record.recordset import json_array


def ask_audit(session: Session, order: OrderRow, by: str) -> None:
    """Have the order audited again; one that was not audited since the last time is not asked twice."""
    audits = select(func.max(AuditRow.revision)).where(AuditRow.order_id == order.order_id)
    revision = session.scalar(audits) or 0
    event = changed(order.channel, order.channel_order_id, f"staff:{revision}")
    if session.execute(INSERT_EVENTS, {"rows": json_array([event_row(event)])}).all():
        append_fact(session, order.order_id, "audit.asked", f"audit.asked:{revision}", {}, by)
