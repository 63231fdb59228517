"""Examples of bulks for the OpenAPI document."""

from typing import Any

from api.examples import ORDER_ID

BULK_ID = "bulk_01JGQW8Z5X3M7Q9R2T4V6Y8ZBC"
CANCEL = {"command": "cancel", "reason": "the supplier is late", "filter": {"channel": "tmall", "hold": "NO_STOCK"}}
BULK: dict[str, Any] = {
    "bulk_id": BULK_ID,
    "command": "cancel",
    "parameters": {"reason": "the supplier is late"},
    "filter": {"channel": "tmall", "hold": "NO_STOCK"},
    "by": "Sun of support",
    "state": "running",
    "total": 120,
    "counts": {
        "done": 40,
        "pending": 0,
        "refused": 2,
        "not_found": 0,
        "failed": 0,
        "canceled": 0,
        "waiting": 78,
    },
    "created_at": "2026-01-04T09:30:00Z",
    "canceled_by": None,
    "ended_at": None,
}
BULKS = {"items": [BULK], "next_cursor": None}
PREVIEW = {
    "command": "cancel",
    "total": 120,
    "would_do": 119,
    "refusals": [{"reason": "the order is already completed", "count": 1}],
    "sample": [{"id": ORDER_ID, "state": "done", "reason": ""}],
}
RESULT = {
    "item_no": 1,
    "id": ORDER_ID,
    "state": "refused",
    "code": "refused",
    "detail": "the order is already completed",
    "settled_at": "2026-01-04T09:30:05Z",
}
RESULTS = {"items": [RESULT], "next_cursor": None}
