"""Examples of disputes, for the documentation and the tests."""

from typing import Any

TOLD: dict[str, Any] = {
    "dispute_id": "DP-7",
    "amount": "279.00",
    "currency": "CNY",
    "reason_code": "product_not_received",
    "stage": "chargeback",
    "respond_by": "2026-12-06T00:00:00Z",
}
DISPUTE: dict[str, Any] = {
    "dispute_id": "payments:DP-7",
    "order_id": "01J00000000000000000000000",
    "payment_reference": "PAY-7",
    "amount": "279.00",
    "taken": "279.00",
    "currency": "CNY",
    "reason_code": "product_not_received",
    "stage": "chargeback",
    "respond_by": "2026-12-06T00:00:00Z",
    "outcome": "",
    "opened_at": "2026-11-24T02:00:00Z",
    "decided_at": None,
    "evidence_at": None,
    "evidence_by": "",
}
DISPUTES = {"items": [DISPUTE], "next_cursor": None}
SENT = DISPUTE | {"evidence_by": "Mo the manager"}
EVIDENCE: dict[str, Any] = {
    "channel_order_id": "2026112209300001",
    "payment_reference": "PAY-7",
    "placed_at": "2026-11-20T09:30:00Z",
    "receiver": {"name": "L", "country": "CN", "province": "广东省"},
    "parcels": [
        {
            "carrier": "SF Express",
            "waybill": "SF000000000012345",
            "shipped_at": "2026-11-21T09:00:00Z",
            "delivered_at": "2026-11-22T08:56:54Z",
            "signed": True,
        }
    ],
}
