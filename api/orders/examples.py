"""Examples of answers about orders; a test compares them with their types."""

from typing import Any

from api.examples import LINKS, ORDER_ID
from api.examples import ORDER as SENT

DEADLINE = {"due": "deliver", "at": "2026-01-08T01:30:03Z", "at_risk": False, "owner": None, "escalated_at": None}
ORDER_SUMMARY: dict[str, Any] = {
    "order_id": ORDER_ID,
    "channel": "tmall",
    "channel_order_id": "TM-20260101-0001",
    "customer_id": "C-1001",
    "status": "in_progress",
    "payment_status": "paid",
    "holds": [],
    "attention": None,
    "assignee": None,
    "next_deadline": DEADLINE,
    "currency": "CNY",
    "grand_total": "370.00",
    "placed_at": "2026-01-01T01:30:00Z",
    "received_at": "2026-01-01T01:30:02Z",
    "ended_at": None,
    "links": LINKS,
}
ORDERS = {"items": [ORDER_SUMMARY], "next_cursor": None, "count": 1, "at_least": False}
EVENTS = {
    "items": [
        {
            "event_id": 1,
            "at": "2026-01-01T01:30:02Z",
            "type": "order.received",
            "actor": "tmall-connector",
            "data": {},
        }
    ],
    "next_cursor": None,
}
RETURN: dict[str, Any] = {
    "return_id": f"{ORDER_ID}-R-CASE-77",
    "order_id": ORDER_ID,
    "case_id": "CASE-77",
    "kind": "return_and_refund",
    "status": "label_issued",
    "reason": "too large",
    "reason_code": "does_not_fit",
    "evidence": [],
    "refusal": None,
    "decided_by": None,
    "location_id": "HZ-1",
    "goods": "delivered",
    "amount": None,
    "value": None,
    "fees": {},
    "refund": None,
    "refund_to": "original",
    "remedy": "",
    "moved": None,
    "sent": None,
    "given": None,
    "payment_link": None,
    "currency": "CNY",
    "follow_up_id": None,
    "carrier": "SF Express",
    "waybill": "203606423936242",
    "tracking": None,
    "attention": None,
    "tags": [],
    "assignee": None,
    "lines": [
        {"line_no": 2, "sku": "OAK-STOOL", "quantity": 1, "replacement_sku": "", "replacement_price": None},
    ],
    "returned": [],
    "requested_at": "2026-01-06T08:00:00Z",
    "received_at": None,
    "inspected_at": None,
    "refunded_at": None,
    "closed_at": None,
}
RETURNS = {"items": [RETURN], "next_cursor": None}
HISTORY = {
    "order_id": ORDER_ID,
    "workflows": [
        {
            "workflow_id": "order/web/W-1001",
            "happenings": [
                {
                    "at": "2026-01-01T01:30:09Z",
                    "kind": "step",
                    "name": "book_shipment",
                    "summary": "book a carrier from SHANGHAI",
                    "outcome": "done",
                    "attempts": 4,
                    "seconds": 7.063,
                    "failure": "tms POST /shipments: answered 503",
                },
                {
                    "at": "2026-01-01T01:30:16Z",
                    "kind": "wait",
                    "name": "at most 7 days, 0:00:00",
                    "summary": "deadline: the delivery",
                    "outcome": "",
                    "attempts": 1,
                    "seconds": None,
                    "failure": "",
                },
            ],
        }
    ],
}
_QUIET = {"code": "", "reason": "", "line_no": 0, "owner_role": "", "patience_seconds": 0, "on_expiry": ""}
AUDITS = {
    "order_id": ORDER_ID,
    "audits": [
        {
            "revision": 1,
            "at": "2026-01-01T01:30:03Z",
            "parameters": "5f2a90c1d3be",
            "checks": [
                {
                    "rule": "unpaid",
                    "version": "2026-11-23",
                    "verdict": "pass",
                    **_QUIET,
                    "facts": {"status": "captured", "paid": "370.00 CNY", "due": "370.00 CNY", "parts": "370.00 CNY"},
                },
                {
                    "rule": "remote_area",
                    "version": "2026-11-23",
                    "verdict": "hold",
                    "code": "REMOTE_AREA",
                    "reason": "墨脱县 is a remote area",
                    "line_no": 0,
                    "owner_role": "staff",
                    "patience_seconds": 172_800,
                    "on_expiry": "escalate",
                    "facts": {"country": "CN", "province": "西藏自治区", "city": "林芝市", "remote": ["墨脱县"]},
                },
            ],
        }
    ],
}
FULFILLMENT_ORDER = {
    "fulfillment_order_id": f"{ORDER_ID}-1",
    "location_id": "HZ-1",
    "status": "shipped",
    "reason": "the nearest location that has everything",
    "shipment_id": f"{ORDER_ID}-1",
    "merged_with": [],
    "lines": [
        {"sku": "ELEGANT-LAMP", "quantity": 1, "picked": 1},
        {"sku": "OAK-STOOL", "quantity": 2, "picked": 2},
    ],
    "pickup": False,
    "created_at": "2026-01-01T01:30:03Z",
    "wave_at": None,
    "released_at": "2026-01-01T01:30:04Z",
    "accepted_at": None,
    "packed_at": "2026-01-01T02:10:00Z",
    "ready_at": None,
    "shipped_at": "2026-01-01T04:00:00Z",
    "delivered_at": None,
}
SHIPMENT = {
    "shipment_id": f"{ORDER_ID}-1",
    "carrier": "SF",
    "waybill": "SF1234567890",
    "tracking_status": "in_transit",
    "booked_at": "2026-01-01T02:11:00Z",
    "voided_at": None,
    "link": f"/shipments/{ORDER_ID}-1",
}
PAYMENT = {"kind": "captured", "amount": "370.00", "currency": "CNY", "return_id": None, "at": "2026-01-01T01:30:03Z"}
NOTHING_SPECIAL: dict[str, Any] = {"channel_line_id": "", "gift": False, "bundle_of": "", "properties": []}
_SHIPPED = {"delivered": 0, "canceled": 0, "short": 0}
LINES = [
    {
        "line_no": 1,
        "sku": "ELEGANT-LAMP",
        "title": "Elegant lamp",
        "quantity": 1,
        "unit_price": "199.00",
        "discount": "20.00",
        **NOTHING_SPECIAL,
        "withdrawn": 0,
        "canceled": 0,
        "elsewhere": 0,
        "added_by": "",
        "substitute_for": "",
        "progress": _SHIPPED | {"ordered": 1, "allocated": 1, "picked": 1, "shipped": 1},
    },
    {
        "line_no": 2,
        "sku": "OAK-STOOL",
        "title": "",
        "quantity": 2,
        "unit_price": "89.50",
        "discount": "0.00",
        **NOTHING_SPECIAL,
        "withdrawn": 0,
        "canceled": 0,
        "elsewhere": 0,
        "added_by": "",
        "substitute_for": "",
        "progress": _SHIPPED | {"ordered": 2, "allocated": 2, "picked": 2, "shipped": 2},
    },
]
ORDER = ORDER_SUMMARY | {
    "customer_token": "5f0c6b2f0e2b4d7c9a1e8d3c7b6a5f40",
    "workflow_id": "order/tmall/TM-20260101-0001",
    "fulfillment_status": "shipped",
    "return_status": None,
    "totals": {"discount": "0.00", "shipping": "12.00", "tax": "0.00", "grand_total": "370.00"},
    "payment_reference": "PAY-TM-20260101-0001:370.00:CNY",
    "payment_method": "alipay",
    "tenders": [],
    "ship_to": SENT["ship_to"] | {"email": ""},
    "pickup_location": "",
    "lines": LINES,
    "shortages": [],
    "fulfillment_orders": [FULFILLMENT_ORDER],
    "shipments": [SHIPMENT],
    "parcels_elsewhere": [],
    "payments": [PAYMENT],
    "returns": [],
    "messages_not_taken": {"erp": 1},
    "remarks": "周六送货",
    "merchant_remarks": "",
    "instructions": {"leave_at_door": True},
    "test": False,
    "past": False,
    "tags": ["gift"],
}
del ORDER["grand_total"]
ORDER["promise"] = None
ORDER["promised"] = {"ship_by": "2026-01-03T01:30:03Z", "deliver_by": "2026-01-08T01:30:03Z"}
SERVICE = {
    "first": "2026-01-01",
    "last": "2026-01-07",
    "zone": "Asia/Shanghai",
    "rows": [
        {
            "day": "2026-01-03",
            "channel": "tmall",
            "location": None,
            "due_to_ship": 500,
            "shipped_in_time": 499,
            "on_time_shipping": 0.998,
            "due_to_deliver": 480,
            "delivered_in_time": 470,
            "on_time_delivery": 0.9792,
            "prepared": 500,
            "preparation_p50_seconds": 2400.0,
            "preparation_p90_seconds": 6300.0,
        }
    ],
}

RE_AUDIT = {"order_id": ORDER_ID, "answer": "asked"}
