"""Examples of purchases, counts and shortages; a test compares them with their types."""

from typing import Any

from api.examples import LINKS

DECIDE = {"action": "substitute", "sku": "OAK-STOOL", "substitute_sku": "ASH-STOOL", "note": "agreed by phone"}
DECIDED = {"answer": "done", "links": LINKS}
PURCHASE_ORDER: dict[str, Any] = {
    "purchase_order_id": "PO-2026-0117",
    "location_id": "HZ-1",
    "status": "open",
    "revision": 2,
    "placed_at": "2026-01-02T03:04:05Z",
    "changed_at": "2026-01-03T03:04:05Z",
    "lines": [{"sku": "OAK-STOOL", "due_on": "2026-02-01", "quantity": 40, "received": 12}],
    "receipts": [
        {
            "receipt_id": "R-77",
            "sku": "OAK-STOOL",
            "location_id": "HZ-1",
            "quantity": 12,
            "damaged": 1,
            "received_at": "2026-01-20T08:00:00Z",
        }
    ],
}
_SUMMARY = {name: value for name, value in PURCHASE_ORDER.items() if name not in ("lines", "receipts")}
PURCHASE_ORDERS = {"items": [_SUMMARY], "next_cursor": None}
DIFFERENCES = {
    "items": [
        {
            "difference_id": 7,
            "kind": "snapshot",
            "count_id": "SNAP-20260120",
            "sku": "OAK-STOOL",
            "location_id": "HZ-1",
            "difference": -14,
            "adjusted": -14,
            "reason": "26 counted, 40 in the books",
            "alert": True,
            "at": "2026-01-20T22:00:00Z",
        }
    ],
    "next_cursor": None,
}
EXCEPTIONS = {
    "items": [
        {
            "exception_id": 3,
            "partner": "erp",
            "event_id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
            "code": "unknown_goods",
            "detail": "STRANGE-BOOT",
            "raised_at": "2026-01-20T08:00:00Z",
            "resolved_at": None,
        }
    ],
    "next_cursor": None,
}
