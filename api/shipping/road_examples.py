"""Examples of parcels on the road; tests compare them with their types."""

from typing import Any

from api.examples import LINKS, ORDER, ORDER_ID

DONE = {"answer": "done", "links": LINKS}
NEW_ADDRESS: dict[str, Any] = {"ship_to": ORDER["ship_to"] | {"lines": ["文三路 91 号 1 幢 202"]}}
DECISION = {"action": "reship"}
CLOSING = {"status": "paid"}
CLAIM = {
    "claim_id": 7,
    "order_id": ORDER_ID,
    "fulfillment_order_id": f"{ORDER_ID}-1",
    "carrier": "SF Express",
    "waybill": "203606423936242",
    "kind": "lost",
    "amount": "358.00",
    "currency": "CNY",
    "status": "paid",
    "remedy": "reship",
    "decided_by": "policy of the channel",
    "opened_at": "2026-01-06T08:00:00Z",
    "closed_at": "2026-01-20T08:00:00Z",
}
CLAIMS = {"items": [CLAIM], "next_cursor": None}
