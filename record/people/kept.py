"""All data stored about a person, for the person to read: what `record/people/erasing.py` would remove."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

OF_ORDERS = "WHERE order_id = ANY(:orders)"
OF_RETURNS = f"WHERE return_id IN (SELECT return_id FROM returns {OF_ORDERS})"
KEPT: Mapping[str, str] = {
    "orders": f"""
        SELECT order_id, channel, channel_order_id, placed_at, status, customer_id, country, province, receiver,
            receiver_token, repaired_region, buyer_token, buyer_last4, buyer_name, remarks, merchant_remarks,
            instructions
        FROM orders {OF_ORDERS} ORDER BY order_id""",
    "lines": f"""
        SELECT order_id, line_no, sku, title, quantity, properties FROM order_lines {OF_ORDERS}
        ORDER BY order_id, line_no""",
    "payloads": f"""
        SELECT intake_id, channel, received_at, headers, raw FROM intakes
        {OF_ORDERS} OR (channel, channel_order_id) IN (SELECT channel, channel_order_id FROM orders {OF_ORDERS})
        ORDER BY intake_id""",
    "returns": f"""
        SELECT return_id, order_id, requested_at, status, reason, evidence FROM returns {OF_ORDERS}
        ORDER BY return_id""",
    "returned_goods": f"SELECT return_id, sku, disposition, photos FROM returned_goods {OF_RETURNS}",
    "photos": f"SELECT photo_id, order_id, case_id, size, at FROM photos {OF_ORDERS} ORDER BY at",
    "address_corrections": f"SELECT order_id, asked_at, address, reason FROM address_corrections {OF_ORDERS}",
    "edits": f"SELECT order_id, asked_at, reason, was, wanted FROM order_edits {OF_ORDERS} ORDER BY number",
    "notes": f"SELECT order_id, return_id, at, words, attachments FROM notes {OF_ORDERS} ORDER BY note_id",
    "holds": f"SELECT order_id, code, raised_at, reason, note FROM holds {OF_ORDERS} ORDER BY hold_id",
    "said_in_the_log": f"SELECT order_id, event_id, words FROM event_words {OF_ORDERS} ORDER BY event_id",
    "store_credits": f"""
        SELECT code, customer_id, order_id, amount_minor, currency, created_at FROM store_credits
        {OF_ORDERS} OR (order_id IS NULL AND customer_id IN (SELECT customer_id FROM orders {OF_ORDERS}))""",
    "credit_accounts": f"""
        SELECT customer_id, currency, limit_minor, days, set_at FROM credit_accounts
        WHERE customer_id IN (SELECT customer_id FROM orders {OF_ORDERS})""",
    "invoices": f"""
        SELECT invoice_id, customer_id, order_id, amount_minor, settled_minor, currency, issued_at, due_at, closed_at
        FROM invoices {OF_ORDERS} ORDER BY invoice_id""",
    "told_by_partners": f"""
        SELECT partner, type, subject, received_at, data FROM partner_events
        WHERE (data ? 'note' OR data ? 'reason' OR data ? 'evidence') AND subject IN (
            SELECT channel || '/' || channel_order_id FROM orders {OF_ORDERS}
            UNION SELECT unnest(ARRAY[fulfillment_order_id, shipment_id]) FROM fulfillment_orders {OF_ORDERS}
            UNION SELECT return_id FROM returns {OF_ORDERS})
        ORDER BY sequence""",
    "blocks": f"""
        SELECT subject, reason, valid_from, valid_to FROM buyer_blocks WHERE subject IN (
            SELECT unnest(ARRAY[customer_id, nullif(receiver_token, ''), nullif(buyer_token, '')])
            FROM orders {OF_ORDERS})""",
}


def kept_of(session: Session, orders: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that name the person of these orders, by kind; payloads as the text that the channel sent."""
    return {
        what: [_plain(row) for row in session.execute(text(select), {"orders": list(orders)}).mappings()]
        for what, select in KEPT.items()
    }


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview | bytes) else value
        for name, value in row.items()
    }
