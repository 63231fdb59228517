"""Examples of products, locations and counts; tests send them and compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

LAMP, BULB, EVENING_SET, STORE = "ELEGANT-LAMP", "WARM-BULB", "EVENING-SET", "WEST-LAKE-STORE"

PRODUCT_BODY: dict[str, Any] = {
    "title": "Lamp with two bulbs",
    "weight_grams": 1400,
    "parts": [{"sku": LAMP, "quantity": 1}, {"sku": BULB, "quantity": 2}],
    "substitutes": [LAMP],
}
PRODUCT: dict[str, Any] = {
    "sku": EVENING_SET,
    "title": "Lamp with two bulbs",
    "on_sale": True,
    "weight_grams": 1400,
    "hs_code": "",
    "dangerous_goods_class": "",
    "goods_class": "",
    "cross_border": False,
    "max_per_order": None,
    "channels": None,
    "bundle_part_only": False,
    "vat": None,
    "consumption_tax": None,
    "positive_listed": False,
    "low_at": None,
    "return_exclusion": "",
    "parts": PRODUCT_BODY["parts"],
    "substitutes": [LAMP],
}
PRODUCTS = {"items": [PRODUCT], "next_cursor": None}
LOCATION_BODY: dict[str, Any] = {
    "kind": "store",
    "name": "Store at the West Lake",
    "country": "CN",
    "province": "浙江省",
    "priority": 50,
    "latitude": 30.2489,
    "longitude": 120.1485,
    "time_zone": "Asia/Shanghai",
    "cut_off": "16:00:00",
    "working_days": [1, 2, 3, 4, 5, 6],
    "keeps_holidays": True,
    "closed": ["2026-12-31"],
    "waves": ["09:00:00", "14:00:00"],
    "capacity_units_per_day": 400,
    "bonded": False,
}
LOCATION = {"location_id": STORE, "sellable": True} | LOCATION_BODY
LOCATIONS = {"items": [LOCATION], "next_cursor": None}
CHANNEL_STOCK_BODY: dict[str, Any] = {
    "share_percent": 50,
    "reserve": 2,
    "quotas": [{"quantity": 100, "valid_from": "2026-11-11T00:00:00+08:00", "valid_to": "2026-11-12T00:00:00+08:00"}],
}
CHANNEL_STOCK = {
    "channel": "tmall",
    "sku": LAMP,
    "share_percent": 50,
    "reserve": 2,
    "quotas": [
        {"quantity": 100, "claimed": 40, "valid_from": "2026-11-10T16:00:00Z", "valid_to": "2026-11-11T16:00:00Z"}
    ],
    "available": 180,
    "shown": 60,
}
BUFFER_BODY: dict[str, Any] = {"kind": "store", "sku": LAMP, "units": 3, "valid_from": "2026-11-01T00:00:00+08:00"}
BUFFER = {
    "buffer_id": "LAMPS-IN-STORES",
    "location_id": None,
    "kind": "store",
    "sku": LAMP,
    "goods_class": None,
    "units": 3,
    "percent": None,
    "valid_from": "2026-10-31T16:00:00Z",
    "valid_to": None,
}
BUFFERS = {"items": [BUFFER], "next_cursor": None}
COUNT: dict[str, Any] = {
    "count_id": "COUNT-2026-11-30-A3",
    "location_id": STORE,
    "reason": "yearly count, aisle A3",
    "lines": [{"sku": LAMP, "counted": 11}, {"sku": BULB, "counted": 40}],
}
COUNTED = {
    "count_id": "COUNT-2026-11-30-A3",
    "location_id": STORE,
    "counted_lines": 2,
    "differences": [{"sku": LAMP, "units": -1}],
}
ADJUSTMENT: dict[str, Any] = {
    "adjustment_id": "ADJUST-2026-11-30-1",
    "location_id": STORE,
    "reason": "two fell off the shelf",
    "lines": [{"sku": LAMP, "units": -2}],
}
ADJUSTED = {"id": "ADJUST-2026-11-30-1", "lines": 1}
TRANSFER: dict[str, Any] = {
    "transfer_id": "TRANSFER-2026-11-30-1",
    "from_location": STORE,
    "to_location": "CN-SHA-02",
    "reason": "the new store opens",
    "lines": [{"sku": BULB, "units": 12}],
}
TRANSFERRED = {"id": "TRANSFER-2026-11-30-1", "lines": 1}
MOVEMENTS = {
    "items": [
        {
            "movement_id": 4711,
            "at": "2026-11-30T08:00:00Z",
            "kind": "reserved",
            "sku": LAMP,
            "location_id": STORE,
            "quantity": 1,
            "order_id": ORDER_ID,
            "reason": "reserved",
            "actor": "baton",
        }
    ],
    "next_cursor": None,
}
PRODUCT_STOCK = {
    "sku": EVENING_SET,
    "available": 7,
    "total": dict.fromkeys(("on_hand", "in_transit", "reserved", "allocated", "buffer", "quarantined", "available"), 0),
    "locations": [],
    "parts": PRODUCT_BODY["parts"],
    "substitutes": [LAMP],
}
