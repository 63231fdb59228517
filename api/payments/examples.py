"""Examples of money that others hold, for the documentation and the tests."""

from typing import Any

TASK: dict[str, Any] = {
    "task_id": 7,
    "order_id": "01J00000000000000000000000",
    "channel": "tmall",
    "channel_order_id": "2026112209300001",
    "payment_reference": "2026112222001",
    "return_id": None,
    "amount": "279.00",
    "left": "279.00",
    "currency": "CNY",
    "why": "terms",
    "opened_at": "2026-11-22T10:00:00Z",
    "due_at": "2026-11-29T10:00:00Z",
    "reminders": 0,
    "done_at": None,
    "done_by": "",
    "reference": "",
}
TASKS = {"items": [TASK], "next_cursor": None}
PAID = {"reference": "2026112300003"}
"""What a person books."""
DONE = TASK | {
    "left": "0.00",
    "done_at": "2026-11-23T09:00:00Z",
    "done_by": "Mo the manager",
    "reference": "2026112300003",
}
