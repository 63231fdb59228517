"""Examples of subscriptions, deliveries and parked messages."""

from typing import Any

SUBSCRIPTION_BODY: dict[str, Any] = {
    "url": "https://example.com/baton",
    "types": ["com.baton.order.*", "com.baton.fulfillment_order.shipped"],
    "channel": "tmall",
    "description": "the data team",
}
SUBSCRIPTION: dict[str, Any] = {
    "subscription_id": "sub_01JGFH1S8ZXQ0V3M6W9T2K4B7C",
    **SUBSCRIPTION_BODY,
    "people": False,
    "active": True,
    "disabled_because": None,
    "former_until": None,
    "failures": 0,
    "not_before": None,
    "created_by": "Sun of support",
    "key_id": "key_01M82QFPGE8V9WBS3RHMHRXGYE",
    "created_at": "2026-01-01T09:30:00Z",
}
STATE = SUBSCRIPTION | {"waiting": 3, "parked": 0}
WITH_SECRET = SUBSCRIPTION | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
SUBSCRIPTIONS = {"items": [SUBSCRIPTION], "next_cursor": None}
CHANGE: dict[str, Any] = {"types": ["*"], "active": True}
ROTATION: dict[str, Any] = {"overlap_seconds": 86_400}
REPLAY: dict[str, Any] = {"since": "2026-01-01T00:00:00Z"}
DELIVERY: dict[str, Any] = {
    "delivery_id": 17,
    "message_id": "evt_4711",
    "order_id": "01JGFH1S8ZXQ0V3M6W9T2K4B7D",
    "type": "com.baton.order.accepted",
    "state": "waiting",
    "tries": 1,
    "queued_at": "2026-01-01T09:30:00Z",
    "due_at": "2026-01-01T09:30:06Z",
    "tried_at": "2026-01-01T09:30:01Z",
    "took_ms": 31,
    "status": 503,
    "body": '{"specversion":"1.0","id":"evt_4711","type":"com.baton.order.accepted"}',
    "answer": "come back later",
    "problem": "answered 503",
}
DELIVERIES = {"items": [DELIVERY], "next_cursor": None}
ASKED = {"delivery_id": 18}
MESSAGE: dict[str, Any] = {
    "message_id": "01JGFH1S8ZXQ0V3M6W9T2K4B7D:shipped:1:erp",
    "order_id": "01JGFH1S8ZXQ0V3M6W9T2K4B7D",
    "recipient": "erp",
    "milestone": "shipped",
    "created_at": "2026-01-01T09:30:00Z",
    "tries": 40,
    "last_error": "erp POST /messages: ConnectError",
    "sent_at": None,
    "left_at": "2026-01-01T09:30:00Z",
    "parked_at": "2026-01-04T09:31:00Z",
    "redelivered_at": None,
    "settled_by": None,
    "same_as": None,
}
MESSAGES = {"items": [MESSAGE], "next_cursor": None}
MESSAGE_ALERTS = {
    "items": [
        {
            "kind": "messages.parked",
            "recipient": "erp",
            "messages": 12,
            "since": "2026-01-04T09:31:00Z",
            "reason": "erp POST /messages: ConnectError",
            "page": None,
        }
    ]
}
REDELIVERY = {"recipient": "erp"}
SETTLING = {"reason": "the ERP has booked the sale by hand"}
REDELIVERED = {"messages": 12}
