"""Examples of returns; tests send them, so that they cannot go stale."""

from typing import Any

from api.examples import ORDER_ID

RETURN_ID = f"{ORDER_ID}-R-CASE-77"
APPROVE = {"note": "a regular customer", "refund_to": "store_credit"}
REJECT = {"reason": "the photos show another lamp"}
CANCEL = {"reason": "the customer keeps it after all"}
TOLD: dict[str, Any] = {"return_id": RETURN_ID, "status": "approved"}
RECEIPT = {"location_id": "HZ-1", "lines": [{"sku": "OAK-STOOL", "quantity": 1}]}
INSPECTION = {
    "lines": [
        {"sku": "OAK-STOOL", "quantity": 1, "disposition": "restock", "grade": "A", "photos": ["photo:77-1"]},
    ]
}
TAKEN = {"stored": True}
_REASON = {"code": "damaged", "meaning": "It arrived damaged", "fault": "carrier", "needs_evidence": True}
REASONS_BODY = {"reasons": [_REASON]}
REASONS = {
    "items": [_REASON | {"set_by": "Sun of support", "set_at": "2026-01-02T03:04:05Z"}],
    "next_cursor": None,
}
RATES = {
    "items": [{"key": "OAK-STOOL", "ordered": 200, "returned": 9, "rate": 0.045}],
    "next_cursor": None,
}
