"""The shop of the benches and its orders: two lines, three channels, paid, in stock, without troubles."""

from typing import Any

from commands.seed import LOCATIONS, Shop

CHANNELS = ("web", "app", "marketplace")
RECEIVERS = (("CN", "广东省", "深圳市"), ("CN", "上海市", "上海市"), ("GB", "", "London"))
PRODUCTS = 40
UNITS_A_LINE = 2
PRICE = 10


def shop_for(orders: int) -> Shop:
    """A shop with enough of everything at each location that `orders` orders never wait for stock."""
    products = {_sku(number): f"Elegant lamp no. {number}" for number in range(PRODUCTS)}
    enough = 2 * UNITS_A_LINE * orders
    stock = {(sku, str(location["location_id"])): enough for sku in products for location in LOCATIONS}
    return Shop(products, LOCATIONS, stock)


def order_body(name: str, number: int) -> dict[str, Any]:
    """The body of `POST /orders`: `name` is the order's number; `number` varies channel, receiver and goods."""
    country, province, city = RECEIVERS[number % len(RECEIVERS)]
    total = f"{2 * UNITS_A_LINE * PRICE + 5}.00"
    return {
        "channel": CHANNELS[number // len(RECEIVERS) % len(CHANNELS)],
        "channel_order_id": name,
        "placed_at": "2026-11-22T10:00:00Z",
        "customer": {"customer_id": f"C-{number}"},
        "ship_to": {
            "name": "Wang Fang",
            "phone": "+8613800138000",
            "country": country,
            "province": province,
            "city": city,
            "postal_code": "" if country == "CN" else "SW1A 1AA",
            "lines": ["1 Elegant Road"],
        },
        "lines": [
            {"sku": _sku(2 * number), "quantity": UNITS_A_LINE, "unit_price": f"{PRICE}.00"},
            {"sku": _sku(2 * number + 1), "quantity": UNITS_A_LINE, "unit_price": f"{PRICE}.00"},
        ],
        "currency": "CNY",
        "totals": {"shipping": "5.00", "grand_total": total},
        "payment": {"reference": f"PAY-{name}:{total}:CNY", "method": "wechat"},
    }


def _sku(number: int) -> str:
    return f"ELEGANT-LAMP-{number % PRODUCTS:02}"
