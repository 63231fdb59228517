"""Examples about channels."""

from typing import Any

from api.examples import ORDER, ORDER_ID

INTAKE_ID = "01KDVR60N3R5V7X9Z1B3D5F7H9"
SENT: dict[str, Any] = {"type": "order.created", "data": ORDER}
TAKEN: dict[str, Any] = {
    "intake_id": INTAKE_ID,
    "status": "taken",
    "order_id": ORDER_ID,
    "channel_order_id": "TM-20260101-0001",
    "field": None,
    "reason": None,
}
REJECTED: dict[str, Any] = TAKEN | {
    "status": "rejected",
    "order_id": None,
    "channel_order_id": None,
    "field": "lines[0].quantity",
    "reason": "is missing",
}
INTAKE: dict[str, Any] = REJECTED | {
    "channel": "tmall",
    "translator": "plain",
    "source": "webhook",
    "kind": "",
    "wanted": [],
    "tries": 1,
    "received_at": "2026-01-01T01:30:02Z",
    "tried_at": "2026-01-01T01:30:02Z",
}
INTAKE_WITH_RAW: dict[str, Any] = INTAKE | {"raw": '{"type": "order.created", "data": {}}'}
INTAKES: dict[str, Any] = {"items": [INTAKE], "next_cursor": None}
BATCH: dict[str, Any] = {
    "items": [
        {
            "status": 202,
            "order_id": ORDER_ID,
            "channel_order_id": "TM-20260101-0001",
            "intake_id": None,
            "detail": None,
            "errors": [],
        },
        {
            "status": 422,
            "order_id": None,
            "channel_order_id": None,
            "intake_id": None,
            "detail": "lines: this field is required",
            "errors": [{"field": "lines", "message": "this field is required"}],
        },
    ]
}
MISSING_ORDERS: dict[str, Any] = {
    "items": [
        {
            "channel": "shop-uk",
            "channel_order_id": "5600000000001",
            "modified_at": "2026-01-01T01:30:00Z",
            "reason": "never_came",
            "first_missing_at": "2026-01-02T03:00:04Z",
            "outcome": "pulled",
            "detail": None,
            "intake_id": INTAKE_ID,
            "settled_at": "2026-01-02T03:00:05Z",
        }
    ],
    "next_cursor": None,
}
