"""Examples of store credits and gift cards in the OpenAPI document."""

from typing import Any

from api.examples import ORDER_ID
from api.returns.examples import RETURN_ID

OF_A_RETURN: dict[str, Any] = {
    "credit_id": "cr_4f0c1d7a9b2e6385c1d7a9b2",
    "code": "SC-7Q2M8XK4T0ZB",
    "kind": "store_credit",
    "customer_id": "C-1001",
    "order_id": ORDER_ID,
    "return_id": RETURN_ID,
    "issued_by": "",
    "amount": "89.50",
    "balance": "39.50",
    "currency": "CNY",
    "created_at": "2026-01-09T03:04:05Z",
}
STORE_CREDITS = {"items": [OF_A_RETURN], "next_cursor": None}
STORE_CREDIT = OF_A_RETURN | {
    "movements": [{"kind": "spent", "order_id": ORDER_ID, "amount": "50.00", "at": "2026-02-01T03:04:05Z"}]
}
ISSUE = {"reference": "GOODWILL-7", "kind": "gift_card", "customer_id": "", "amount": "100.00", "currency": "CNY"}
ISSUED = OF_A_RETURN | {
    "code": "GC-7Q2M8XK4T0ZBKX3D",
    "kind": "gift_card",
    "customer_id": "",
    "order_id": None,
    "return_id": None,
    "issued_by": "lin",
    "amount": "100.00",
    "balance": "100.00",
    "movements": [],
}
CODE = {"code": "GC-7Q2M8XK4T0ZBKX3D"}
