"""Disputes that a settlement file tells of: money taken out of a payout, or given back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.disputes import DisputeOutcome, DisputeReport
from domain.money import Money
from domain.settlements import RowKind
from models.order import OrderRow
from models.settlements import SettledAmountRow
from record.channels.events import disputed
from record.messages.partner_events import store
from record.orders.disputes import tell

S = SettledAmountRow


def tell_disputes(session: Session, settlement_id: str) -> None:
    """Take over the disputes of a file: each is known by our order, since a file may name it by any text, and two
    channels may have an order of one number. Money that comes back is won."""
    told = S.settlement_id == settlement_id, S.kind == RowKind.DISPUTE, S.order_id.is_not(None)
    rows = select(S, OrderRow).join(OrderRow, OrderRow.order_id == S.order_id).where(*told)
    for row, order in session.execute(rows.order_by(S.order_id, S.row_no, S.part)).all():
        amount = Money(abs(row.amount_minor), row.currency)
        outcome = DisputeOutcome.WON if row.amount_minor > 0 else None
        found = tell(session, order.order_id, DisputeReport(order.order_id, amount, outcome=outcome), "file")
        state = f"{found.dispute_id} {found.outcome}"
        store(session, disputed(order.channel, order.channel_order_id, state))
