"""Examples of credit and invoices; tests compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

ACCOUNT_BODY: dict[str, Any] = {"currency": "CNY", "limit": "50000.00", "days": 30}
ACCOUNT: dict[str, Any] = {
    "customer_id": "HOTEL-7",
    **ACCOUNT_BODY,
    "owed": "358.00",
    "set_by": "Lin of finance",
    "set_at": "2026-01-02T08:00:00Z",
}
PAYMENT = {"payment_id": "BANK-20260120-3", "amount": "358.00", "currency": "CNY"}
WRITE_OFF = {"why": "uncollectible"}
INVOICE = {
    "invoice_id": f"{ORDER_ID}-1",
    "order_id": ORDER_ID,
    "customer_id": "HOTEL-7",
    "currency": "CNY",
    "amount": "358.00",
    "settled": "358.00",
    "state": "closed",
    "issued_at": "2026-01-06T08:00:00Z",
    "due_at": "2026-02-05T08:00:00Z",
    "closed_at": "2026-01-20T08:00:00Z",
}
INVOICES = {"items": [INVOICE], "next_cursor": None}
