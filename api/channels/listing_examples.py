"""Examples of listings and stock alerts."""

from typing import Any

LISTING_BODY: dict[str, Any] = {"channel_sku": "4711", "enabled": True}
LISTING: dict[str, Any] = {
    "channel": "tmall",
    "sku": "ELEGANT-LAMP",
    **LISTING_BODY,
    "version": 7,
    "acknowledged_version": 7,
    "acknowledged_quantity": 4,
    "acknowledged_at": "2026-01-01T09:30:01Z",
    "last_error": None,
    "failed_since": None,
    "retry_at": None,
}
REFUSED: dict[str, Any] = LISTING | {
    "sku": "TEA-SET",
    "channel_sku": "4712",
    "acknowledged_version": 5,
    "last_error": "unknown_sku",
    "failed_since": "2026-01-01T09:30:01Z",
    "retry_at": "2026-01-01T10:30:01Z",
}
LISTINGS = {"items": [LISTING, REFUSED], "next_cursor": None}
PUSH: dict[str, Any] = {"everything": False}
PUSHED = {"behind": 12}
ALERTS = {
    "items": [
        {
            "alert_id": 3,
            "sku": "ELEGANT-LAMP",
            "kind": "stock.low",
            "at": "2026-01-01T09:30:00Z",
            "available": 4,
            "cleared_at": None,
        }
    ],
    "next_cursor": None,
}
