"""The orders of the demo, the same each time: from four channels, most of them ordinary, some with a story."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import Money

Body = dict[str, Any]
Basket = Mapping[str, int]

PRICES = {
    "CNY": {
        "ELEGANT-LAMP": "199.00",
        "TEA-SET": "88.80",
        "WOOL-SCARF": "129.90",
        "DESK-CLOCK": "59.00",
        "SILK-LANTERN": "45.50",
        "BAMBOO-CHAIR": "320.00",
        "MOON-CAKES": "168.00",
        "SHORT-PICK-VASE": "260.00",
        "PICK-REJECTED-MIRROR": "410.00",
    },
    "GBP": {
        "ELEGANT-LAMP": "24.99",
        "TEA-SET": "12.50",
        "WOOL-SCARF": "18.00",
        "DESK-CLOCK": "9.95",
        "FIRST-EDITION": "75.00",
        "LAST-PIANO": "1450.00",
    },
}
SHIPPING = {"CNY": "12.00", "GBP": "3.95"}

# The simulators read a trouble from an order's number (docs/partners.md); other stories come from the baskets.
CARRIER_DOWN, LATE_WEBHOOK, DUPLICATE = "W-1003-CARRIER-DOWN", "W-1009-LATE-WEBHOOK", "TM-2004-DUPLICATE-WEBHOOK"
UNSETTLED, SLOW_ERP, ON_THE_ROAD = "TM-2007-PAYMENT-UNSETTLED", "TM-2013-SLOW-ERP", "W-1018-LATE-DELIVERY"
# While the carriers are down it waits packed for a few seconds, time enough to cancel it in the warehouse.
IN_THE_WAREHOUSE = "W-1015-CARRIER-DOWN"
SHORT_PICK, NO_STREET, RETURNED = "W-1006", "W-1012", "W-1020"
TWO_PLACES, TWICE, REJECTED, LAST_FOUR = "TM-2002", "TM-2005", "TM-2010", "TM-2016"
BACKORDER, FROM_THE_STORE = "UK-3004", "UK-3008"
APP = "app"
TOGETHER = ("APP-4001", "APP-4002")
"""Two orders of one customer, on a channel that lets such orders share a parcel."""
AT_THE_DOOR = "放门口就行，不要放快递柜"
MERGE_WINDOW_SECONDS = 5

BASKETS: Mapping[str, Basket] = {
    SHORT_PICK: {"SHORT-PICK-VASE": 2},
    RETURNED: {"ELEGANT-LAMP": 1, "TEA-SET": 2, "WOOL-SCARF": 1},
    TWO_PLACES: {"SILK-LANTERN": 2, "BAMBOO-CHAIR": 1},
    REJECTED: {"PICK-REJECTED-MIRROR": 1},
    LAST_FOUR: {"MOON-CAKES": 3},
    BACKORDER: {"LAST-PIANO": 1},
    FROM_THE_STORE: {"FIRST-EDITION": 1, "WOOL-SCARF": 2},
}
ORDINARY: Sequence[Basket] = (
    {"ELEGANT-LAMP": 1},
    {"TEA-SET": 2, "DESK-CLOCK": 1},
    {"WOOL-SCARF": 1},
    {"ELEGANT-LAMP": 2, "TEA-SET": 1, "WOOL-SCARF": 3},
    {"DESK-CLOCK": 12},
    {"TEA-SET": 1},
    {"WOOL-SCARF": 2, "ELEGANT-LAMP": 1, "DESK-CLOCK": 2, "TEA-SET": 4},
)


def _address(name: str, phone: str, country: str, province: str, city: str, street: str, postal_code: str = "") -> Body:
    whole = {"name": name, "phone": phone, "country": country, "province": province, "city": city}
    return {**whole, "postal_code": postal_code, "lines": [street]}


IN_CHINA = (
    _address("王芳", "+8613800138000", "CN", "广东省", "深圳市", "福田区深南大道 1 号"),
    _address("李雷", "+8613800138001", "CN", "上海市", "上海市", "徐汇区漕溪路 22 号"),
    _address("韩梅", "+8613800138002", "CN", "浙江省", "杭州市", "西湖区文三路 90 号"),
    _address("赵强", "+8613800138003", "CN", "四川省", "成都市", "锦江区红星路 7 号"),
)
IN_SHANGHAI = IN_CHINA[1]
IN_BRITAIN = (
    _address("Ada Byron", "+442079460001", "GB", "", "London", "12 St James's Square", "SW1Y 4LB"),
    _address("George Boole", "+441522496002", "GB", "", "Lincoln", "3 Pottergate", "LN2 1PH"),
    _address("Mary Somerville", "+441312496003", "GB", "", "Edinburgh", "9 Royal Circus", "EH3 6TL"),
)
FIRST_PLACED = datetime(2026, 11, 11, 0, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def demo_orders() -> list[Body]:
    """Return the bodies of all orders as they are sent: the channels take turns."""
    channels = [
        _channel("web", "W", 1001, 24, "CNY", IN_CHINA),
        _channel("tmall", "TM", 2001, 20, "CNY", IN_CHINA),
        _channel("store-uk", "UK", 3001, 16, "GBP", IN_BRITAIN),
    ]
    longest = max(map(len, channels))
    return [*_together(), *(channel[turn] for turn in range(longest) for channel in channels if turn < len(channel))]


def _together() -> list[Body]:
    baskets = ({"ELEGANT-LAMP": 1}, {"TEA-SET": 1})
    orders = [
        _order(APP, number, basket, "CNY", IN_SHANGHAI, minute)
        for minute, (number, basket) in enumerate(zip(TOGETHER, baskets, strict=True))
    ]
    return [order | {"customer": {"customer_id": "C-app-1"}, "remarks": AT_THE_DOOR} for order in orders]


def _channel(channel: str, letters: str, first: int, count: int, currency: str, homes: Sequence[Body]) -> list[Body]:
    named = {name.split("-")[1]: name for name in (*BASKETS, *_NAMED)}
    numbers = (named.get(str(number), f"{letters}-{number}") for number in range(first, first + count))
    plain, home = cycle(ORDINARY), cycle(homes)
    return [
        _order(channel, number, BASKETS.get(number) or next(plain), currency, _home(number, next(home)), minute)
        for minute, number in enumerate(numbers)
    ]


_NAMED = (CARRIER_DOWN, LATE_WEBHOOK, DUPLICATE, UNSETTLED, SLOW_ERP, ON_THE_ROAD, IN_THE_WAREHOUSE)


def _home(number: str, home: Body) -> Body:
    if number == NO_STREET:
        return {part: value for part, value in home.items() if part != "lines"}
    # These run short in Shanghai, and only for a customer who lives near is Shanghai chosen.
    return IN_SHANGHAI if number in (SHORT_PICK, LAST_FOUR) else home


def _order(channel: str, number: str, basket: Basket, currency: str, home: Body, minute: int) -> Body:
    lines = [{"sku": sku, "quantity": units, "unit_price": PRICES[currency][sku]} for sku, units in basket.items()]
    goods = [Money.parse(PRICES[currency][sku], currency) * units for sku, units in basket.items()]
    total = sum(goods, Money.parse(SHIPPING[currency], currency)).text
    return {
        "channel": channel,
        "channel_order_id": number,
        "placed_at": (FIRST_PLACED + timedelta(minutes=minute)).isoformat(),
        "currency": currency,
        "customer": {"customer_id": f"C-{channel}-{minute % 11 + 1}"},
        "ship_to": home,
        "lines": lines,
        "totals": {"shipping": SHIPPING[currency], "grand_total": total},
        "payment": {
            "reference": f"PAY-{number}:{total}:{currency}",
            "method": "card" if currency == "GBP" else "alipay",
        },
    }
