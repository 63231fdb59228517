"""The orders of the demo, the same each time: from four channels, most of them ordinary, some with a story."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from commands.demo import numbers
from commands.demo.addresses import IN_BRITAIN, IN_CHINA, IN_SHANGHAI
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

LEAVE_AT_THE_DOOR = "放门口就行，不要放快递柜"
MERGE_WINDOW_SECONDS = 5
WITHOUT_STREET = (numbers.NO_STREET, numbers.EDITED)

BASKETS: Mapping[str, Basket] = {
    numbers.SHORT_PICK: {"SHORT-PICK-VASE": 2},
    numbers.RETURNED: {"ELEGANT-LAMP": 1, "TEA-SET": 2, "WOOL-SCARF": 1},
    numbers.TWO_PLACES: {"SILK-LANTERN": 2, "BAMBOO-CHAIR": 1},
    numbers.REJECTED: {"PICK-REJECTED-MIRROR": 1},
    numbers.LAST_FOUR: {"MOON-CAKES": 3},
    numbers.BACKORDER: {"LAST-PIANO": 1},
    numbers.FROM_THE_STORE: {"FIRST-EDITION": 1, "WOOL-SCARF": 2},
    numbers.ON_CREDIT: {"TEA-SET": 6, "DESK-CLOCK": 6},
    numbers.EXCHANGED: {"TEA-SET": 1},
    numbers.IN_TWO_PARCELS: {"SILK-LANTERN": 1, "BAMBOO-CHAIR": 2},
}
PAYMENTS: Mapping[str, tuple[str, str]] = {
    numbers.ON_CREDIT: ("ON-CREDIT", "invoice"),
    numbers.IN_TWO_PARCELS: ("AUTH", "credit_card"),
    numbers.AT_THE_DOOR: ("AT-THE-DOOR", "cod"),
}
"""How orders are paid that are not paid at once: the first word of the reference, and the method, whose terms are those
of the sample shop."""
ORDINARY: Sequence[Basket] = (
    {"ELEGANT-LAMP": 1},
    {"TEA-SET": 2, "DESK-CLOCK": 1},
    {"WOOL-SCARF": 1},
    {"ELEGANT-LAMP": 2, "TEA-SET": 1, "WOOL-SCARF": 3},
    {"DESK-CLOCK": 12},
    {"TEA-SET": 1},
    {"WOOL-SCARF": 2, "ELEGANT-LAMP": 1, "DESK-CLOCK": 2, "TEA-SET": 4},
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
        order_body(numbers.APP, number, basket, "CNY", IN_SHANGHAI, FIRST_PLACED + timedelta(minutes=minute))
        for minute, (number, basket) in enumerate(zip(numbers.TOGETHER, baskets, strict=True))
    ]
    return [order | {"customer": {"customer_id": "C-app-1"}, "remarks": LEAVE_AT_THE_DOOR} for order in orders]


def _channel(channel: str, letters: str, first: int, count: int, currency: str, homes: Sequence[Body]) -> list[Body]:
    named = {name.split("-")[1]: name for name in (*BASKETS, *_NAMED)}
    codes = (named.get(str(number), f"{letters}-{number}") for number in range(first, first + count))
    plain, home = cycle(ORDINARY), cycle(homes)
    return [
        order_body(
            channel,
            number,
            BASKETS.get(number) or next(plain),
            currency,
            _home(number, next(home)),
            FIRST_PLACED + timedelta(minutes=minute),
        )
        for minute, number in enumerate(codes)
    ]


_NAMED = (
    *(numbers.CARRIER_DOWN, numbers.LATE_WEBHOOK, numbers.DUPLICATE, numbers.UNSETTLED, numbers.SLOW_ERP),
    *(numbers.ON_THE_ROAD, numbers.IN_THE_WAREHOUSE),
)


def _home(number: str, home: Body) -> Body:
    if number in WITHOUT_STREET:
        return {part: value for part, value in home.items() if part != "lines"}
    # These run short in Shanghai, and only for a customer who lives near is Shanghai chosen.
    return IN_SHANGHAI if number in (numbers.SHORT_PICK, numbers.LAST_FOUR) else home


def order_body(channel: str, number: str, basket: Basket, currency: str, home: Body, placed_at: datetime) -> Body:
    """Return an order of these goods at their prices, as its channel sends it."""
    lines = [{"sku": sku, "quantity": units, "unit_price": PRICES[currency][sku]} for sku, units in basket.items()]
    goods = [Money.parse(PRICES[currency][sku], currency) * units for sku, units in basket.items()]
    total = sum(goods, Money.parse(SHIPPING[currency], currency)).text
    word, method = PAYMENTS.get(number, ("PAY", "card" if currency == "GBP" else "alipay"))
    buyer = numbers.HOTEL if number == numbers.ON_CREDIT else f"C-{channel}-{placed_at.minute % 11 + 1}"
    return {
        "channel": channel,
        "channel_order_id": number,
        "placed_at": placed_at.isoformat(),
        "currency": currency,
        "customer": {"customer_id": buyer},
        "ship_to": home,
        "lines": lines,
        "totals": {"shipping": SHIPPING[currency], "grand_total": total},
        "payment": {"reference": f"{word}-{number}:{total}:{currency}", "method": method},
    }
