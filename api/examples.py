"""Examples of the interactive documentation; tests send them, so that they cannot go stale."""

from typing import Any

ORDER: dict[str, Any] = {
    "channel": "tmall",
    "channel_order_id": "TM-20260101-0001",
    "placed_at": "2026-01-01T09:30:00+08:00",
    "currency": "CNY",
    "customer": {"customer_id": "C-1001"},
    "ship_to": {
        "name": "李雷",
        "phone": "+8613812345678",
        "country": "CN",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "postal_code": "310012",
        "lines": ["文三路 90 号 3 幢 501"],
    },
    "lines": [
        {"sku": "ELEGANT-LAMP", "quantity": 1, "unit_price": "199.00", "discount": "20.00", "title": "Elegant lamp"},
        {"sku": "OAK-STOOL", "quantity": 2, "unit_price": "89.50"},
    ],
    "totals": {"shipping": "12.00", "grand_total": "370.00"},
    "payment": {"reference": "PAY-TM-20260101-0001:370.00:CNY", "method": "alipay"},
    "remarks": "周六送货",
    "tags": ["gift"],
}

ORDER_ID = "01KDVR5Z8M2Q4T6W8Y0A2C4E6G"
LINKS = {
    "self": f"/orders/{ORDER_ID}",
    "events": f"/orders/{ORDER_ID}/events",
    "workflow": "http://127.0.0.1:8233/namespaces/default/workflows/order%2Ftmall%2FTM-20260101-0001",
}
PLACED_ORDER = {
    "order_id": ORDER_ID,
    "status": "received",
    "promise": None,
    "workflow_id": "order/tmall/TM-20260101-0001",
    "links": LINKS,
}
JUDGED_ORDER = PLACED_ORDER | {"outcome": "held", "holds": ["ADDRESS"], "reason": "a person must release the holds"}
CANCEL = {"reason": "the customer changed her mind"}
CANCELED = {"answer": "done", "detail": "the order is canceled", "links": LINKS}
UNMERGE = {"reason": "the customer wants this one at the office"}
UNMERGED = {"answer": "done", "links": LINKS}
FORCE = {"note": "the manager has called the customer"}
REJECT = {"reason": "the customer is on the block list"}
REJECTED = {"answer": "done", "links": LINKS}
HOLD_RELEASE = {"note": "address confirmed by phone"}
HOLD_RELEASED = {"answer": "done", "holds": [], "links": LINKS}
RETURN = {"case_id": "CASE-77", "reason": "too large", "lines": [{"line_no": 2, "quantity": 1}]}
RETURN_ASKED = {
    "return_id": f"{ORDER_ID}-R-CASE-77",
    "workflow_id": "return/tmall/TM-20260101-0001/CASE-77",
    "links": {
        "self": f"/returns/{ORDER_ID}-R-CASE-77",
        "order": f"/orders/{ORDER_ID}",
        "workflow": "http://127.0.0.1:8233/namespaces/default/workflows/return%2Ftmall%2FTM-20260101-0001%2FCASE-77",
    },
}
WEBHOOK: dict[str, Any] = {
    "type": "shipment.tracking_updated",
    "timestamp": "2026-01-02T03:04:05Z",
    "data": {
        "shipment_id": f"{ORDER_ID}-1",
        "waybill": "SF1234567890",
        "status": "in_transit",
        "occurred_at": "2026-01-02T03:00:00Z",
        "note": "left the sorting center",
    },
}
STOCK = {
    "items": [
        {
            "sku": "ELEGANT-LAMP",
            "available": 8,
            "total": {
                "on_hand": 12,
                "in_transit": 0,
                "reserved": 1,
                "allocated": 2,
                "buffer": 1,
                "quarantined": 0,
                "available": 8,
            },
            "locations": [
                {
                    "location_id": "HZ-1",
                    "kind": "warehouse",
                    "distance_km": None,
                    "on_hand": 12,
                    "in_transit": 0,
                    "reserved": 1,
                    "allocated": 2,
                    "buffer": 1,
                    "quarantined": 0,
                    "available": 8,
                },
            ],
        }
    ],
    "next_cursor": None,
}
PROBLEM = {
    "type": "urn:baton:problem:invalid",
    "title": "The request is not what the API describes",
    "status": 422,
    "detail": "lines[0].quantity: Input should be greater than or equal to 1",
    "instance": "/orders",
    "errors": [{"field": "lines[0].quantity", "message": "Input should be greater than or equal to 1"}],
}
