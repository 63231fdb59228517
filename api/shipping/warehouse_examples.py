"""Examples of waves, pick lists and pickups; tests compare them with their types."""

from typing import Any

from api.examples import ORDER_ID
from api.stock.goods_examples import LAMP, STORE

WORK_ID = f"{ORDER_ID}-1"

WAVES: dict[str, Any] = {
    "location_id": STORE,
    "next_at": "2026-11-30T06:00:00Z",
    "waves": [{"wave_at": "2026-11-30T06:00:00Z", "released": False, "fulfillment_orders": 312, "units": 540}],
}
WAVE = {"note": "the truck comes an hour earlier today"}
PICK_LIST: dict[str, Any] = {
    "location_id": STORE,
    "fulfillment_orders": [
        {
            "fulfillment_order_id": WORK_ID,
            "order_id": ORDER_ID,
            "status": "released",
            "priority": 50,
            "urgent": True,
            "pickup": False,
            "wave_at": None,
            "created_at": "2026-11-30T03:00:00Z",
            "lines": [{"sku": LAMP, "title": "Elegant lamp", "quantity": 2}],
        }
    ],
    "skus": [{"sku": LAMP, "title": "Elegant lamp", "quantity": 2}],
}
PICKUP = {"code": "7K3M-Q8XA"}
HANDED_OVER = {"fulfillment_order_id": WORK_ID, "answer": "handed_over"}
CODE_SENT = {"fulfillment_order_id": WORK_ID, "answer": "asked"}
