"""Examples of promises; a test compares them with their types."""

from typing import Any

from api.examples import ORDER_ID

ASKED: dict[str, Any] = {
    "channel": "tmall",
    "lines": [{"sku": "ELEGANT-LAMP", "quantity": 2}, {"sku": "OAK-STOOL", "quantity": 1}],
    "place": {"country": "CN", "province": "浙江省", "city": "杭州市"},
    "keep": "nothing",
}
RENEWAL = {"seconds": 900}
PROMISE: dict[str, Any] = {
    "promise_id": None,
    "held": "nothing",
    "expires_at": None,
    "order_id": None,
    "channel": "tmall",
    "at": "2026-01-01T01:30:00Z",
    "complete": True,
    "lines": [
        {"sku": "ELEGANT-LAMP", "quantity": 2, "available": 2, "code": "in_stock"},
        {"sku": "OAK-STOOL", "quantity": 1, "available": 1, "code": "in_stock"},
    ],
    "parcels": [
        {
            "location_id": "HZ-1",
            "units": {"ELEGANT-LAMP": 2, "OAK-STOOL": 1},
            "carrier": "SF Express",
            "freight": "14.00",
            "kilometers": 6.1,
            "leaves_at": "2026-01-01T10:00:00Z",
            "arrives_at": "2026-01-02T10:00:00Z",
            "latest_at": "2026-01-02T16:00:00Z",
        }
    ],
    "ship_by": "2026-01-03T01:30:00Z",
    "deliver_by": "2026-01-06T01:30:00Z",
    "freight": "14.00",
    "currency": "CNY",
    "stores": [
        {
            "location_id": "STORE-WEST-LAKE",
            "kilometers": 3.4,
            "available": [2, 0],
            "complete": False,
            "ready_at": "2026-01-01T12:00:00Z",
        }
    ],
    "why": {
        "policy": "balanced",
        "reason": "balanced: HZ-1 has all, costs 14.00, 33 h and 6 km to the door",
        "codes": [],
        "excluded": {},
    },
}
KEPT = PROMISE | {
    "promise_id": "promise_01KDVR5Z8M2Q4T6W8Y0A2C4E6H",
    "held": "stock",
    "expires_at": "2026-01-01T01:45:00Z",
    "order_id": ORDER_ID,
}
