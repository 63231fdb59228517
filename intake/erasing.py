"""Forgetting a person: what channels sent of them is removed, and their orders stay, to be counted and proved."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, text

from domain.status import ORDER, RETURN, OrderStatus, ReturnStatus, is_final
from models.database import Sessions
from models.order import OrderRow
from models.returns import ReturnRow

OPEN = [status for status in OrderStatus if not is_final(ORDER, status)]
OPEN_CASES = [status for status in ReturnStatus if not is_final(RETURN, status)]
# Logs of orders and histories of workflows name nobody (docs/decisions/ids-only.md), so their hashes stay true.
FORGET = (
    """
    UPDATE orders SET customer_id = :pseudonym, receiver = '{}', receiver_token = '', repaired_region = '{}',
        buyer_token = '', buyer_last4 = '', buyer_name = '', remarks = '', merchant_remarks = '', content_hash = NULL,
        instructions = instructions - ARRAY['gift_message', 'invoice_title', 'invoice_tax_number']
    WHERE order_id = ANY(:orders)
    """,
    "UPDATE order_lines SET properties = '[]' WHERE order_id = ANY(:orders)",
    """
    UPDATE intakes SET raw = '', headers = '{}', wanted = '[]', reason = NULL
    WHERE order_id = ANY(:orders)
        OR (channel, channel_order_id) IN (SELECT channel, channel_order_id FROM orders WHERE order_id = ANY(:orders))
    """,
    "UPDATE returns SET reason = 'erased', evidence = '{}' WHERE order_id = ANY(:orders)",
    "UPDATE address_corrections SET address = '{}' WHERE order_id = ANY(:orders)",
    """
    UPDATE partner_events SET data = data || '{"reason": "erased"}'
    WHERE type = 'return.requested' AND data ? 'reason'
        AND (data->>'channel', data->>'channel_order_id') IN (
            SELECT channel, channel_order_id FROM orders WHERE order_id = ANY(:orders))
    """,
    "UPDATE store_credits SET customer_id = :pseudonym WHERE order_id = ANY(:orders)",
    "UPDATE buyer_blocks SET subject = :pseudonym WHERE subject = ANY(:names)",
    # What the CRM says of a customer's points is about the customer.
    "UPDATE partner_differences SET subject = :pseudonym || '/' || difference_id"
    " WHERE book = 'points' AND subject = ANY(:customers)",
)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many orders do not name the person any more, and the pseudonym that they share from now on.

    Nothing was done while `open_orders` are under way: their goods must still find the person.
    """

    orders: int = 0
    pseudonym: str = ""
    open_orders: Sequence[str] = field(default=())


def erase(sessions: Sessions, customer: str) -> Erased:
    """Forget whoever is named by a customer id, or by the token of a receiver or buyer, in one transaction.

    It may be repeated; the second time there is nobody of this name.
    """
    with sessions.begin() as session:
        named = (OrderRow.customer_id == customer) | (OrderRow.receiver_token == customer)
        rows = session.execute(
            select(
                OrderRow.order_id, OrderRow.customer_id, OrderRow.status, OrderRow.receiver_token, OrderRow.buyer_token
            )
            .where(named | (OrderRow.buyer_token == customer))
            .order_by(OrderRow.order_id)
            .with_for_update()
        ).all()
        orders = [row.order_id for row in rows]
        cases = select(ReturnRow.order_id).where(ReturnRow.order_id.in_(orders), ReturnRow.status.in_(OPEN_CASES))
        returning = set(session.scalars(cases))
        if under_way := [row.order_id for row in rows if row.status in OPEN or row.order_id in returning]:
            return Erased(open_orders=under_way)
        names = {customer, *(row.receiver_token for row in rows), *(row.buyer_token for row in rows)} - {""}
        pseudonym = f"erased-{secrets.token_hex(8)}"
        whom = {"names": sorted(names), "customers": sorted({row.customer_id for row in rows}), "pseudonym": pseudonym}
        for statement in FORGET if orders else ():
            session.execute(text(statement), {"orders": orders, **whom})
        return Erased(len(orders), pseudonym)
