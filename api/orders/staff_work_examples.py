"""Examples of notes, tags and assignees; tests compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

NOTE: dict[str, Any] = {
    "words": "The customer wants it by Friday; finance, please look at the second payment.",
    "mentions": ["Mo the manager", "role:finance"],
    "attachments": ["https://files.example/calls/2026-01-01-1.mp3"],
}
NOTED = {"order_id": ORDER_ID, "return_id": None, "note_id": 7}
NOTES: dict[str, Any] = {
    "items": [{**NOTED, "by": "Sun of support", "at": "2026-01-01T02:00:00Z", **NOTE}],
    "next_cursor": None,
}
TAGS = {"order_id": ORDER_ID, "return_id": None, "tags": ["gift", "vip"]}
TAKEN = {"order_id": ORDER_ID, "return_id": None, "assignee": "Sun of support"}
