"""Examples of differences between partners and the record."""

from typing import Any

from api.examples import ORDER_ID

DIFFERENCES: dict[str, Any] = {
    "items": [
        {
            "difference_id": 7,
            "partner": "erp",
            "book": "messages",
            "kind": "missing_there",
            "subject": f"{ORDER_ID}:shipped:1:erp",
            "ours": "sent 2026-01-01 01:45 UTC",
            "theirs": "",
            "first_seen_at": "2026-01-01T18:30:04Z",
            "last_seen_at": "2026-01-01T18:30:04Z",
            "mends": 1,
            "mended_at": "2026-01-01T18:30:05Z",
            "gone_at": None,
        },
        {
            "difference_id": 8,
            "partner": "wms",
            "book": "stock",
            "kind": "quantity_differs",
            "subject": "SHANGHAI/ELEGANT-LAMP",
            "ours": "12 to 14",
            "theirs": "9",
            "first_seen_at": "2026-01-01T18:31:12Z",
            "last_seen_at": "2026-01-02T18:30:40Z",
            "mends": 0,
            "mended_at": None,
            "gone_at": None,
        },
    ],
    "next_cursor": None,
}
DIFFERENCE_COUNTS: dict[str, Any] = {
    "items": [
        {"partner": "erp", "book": "messages", "kind": "missing_there", "day": 1, "week": 0, "older": 0},
        {"partner": "wms", "book": "stock", "kind": "quantity_differs", "day": 0, "week": 1, "older": 0},
    ]
}
