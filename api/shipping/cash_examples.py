"""Examples of cash on delivery; tests compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

COLLECTION = {
    "shipment_id": f"{ORDER_ID}-1-S1",
    "order_id": ORDER_ID,
    "carrier": "SF Express",
    "waybill": "203606423936242",
    "amount": "358.00",
    "currency": "CNY",
    "state": "remitted",
    "asked_at": "2026-01-06T08:00:00Z",
    "collected_at": "2026-01-07T10:00:00Z",
    "remitted_at": "2026-01-14T02:00:00Z",
    "remittance_id": "SF Express:2026-02",
    "remitted": "358.00",
}
COLLECTIONS = {"items": [COLLECTION], "next_cursor": None}
REMITTANCE: dict[str, Any] = {
    "carrier": "SF Express",
    "reference": "2026-02",
    "currency": "CNY",
    "lines": [{"waybill": "203606423936242", "amount": "358.00"}],
}
TAKEN: dict[str, Any] = {
    "remittance_id": "SF Express:2026-02",
    "carrier": "SF Express",
    "currency": "CNY",
    "lines": 1,
    "total": "358.00",
    "differences": [],
    "received_at": "2026-01-14T02:00:00Z",
}
REMITTANCES = {"items": [TAKEN], "next_cursor": None}
