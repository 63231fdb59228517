"""Sample orders that every new rule is tried on: an ordinary one, one with few facts, and the largest possible."""

from collections.abc import Mapping
from datetime import UTC, datetime

from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.rules.facts import Buyer, Goods, RuleFacts

NOTHING = Money(0, "CNY")
MAX_LINES = 2_000


def _order(lines: int, to: Address, tags: tuple[str, ...] = (), remarks: str = "") -> Order:
    goods = tuple(
        OrderLine(number, f"ELEGANT-LAMP-{number}", number % 7 + 1, Money(1999, "CNY"), NOTHING, "Elegant lamp")
        for number in range(1, lines + 1)
    )
    return Order(
        channel="web",
        channel_order_id="W-1",
        placed_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        customer_id="C-1001",
        ship_to=to,
        lines=goods,
        discount=NOTHING,
        shipping=Money(800, "CNY"),
        tax=NOTHING,
        grand_total=Money(sum(line.total.minor_units for line in goods) + 800, "CNY"),
        payment_reference="PAY-W-1",
        payment_method="wechat",
        remarks=remarks,
        tags=tags,
    )


def _facts(order: Order, buyer: Buyer) -> RuleFacts:
    return RuleFacts(order, "captured", {line.sku: Goods(True, 500) for line in order.lines}, buyer)


HANGZHOU = Address("CN", province="浙江省", city="杭州市", district="西湖区")
SAMPLES: Mapping[str, RuleFacts] = {
    "an ordinary order": _facts(_order(2, HANGZHOU, ("gift",), "周六送货"), Buyer(3, 1)),
    "an order that says little": RuleFacts(_order(1, Address("GB")), "silent", {}, Buyer()),
    f"an order of {MAX_LINES:,} lines": _facts(_order(MAX_LINES, HANGZHOU, ("wholesale",)), Buyer(100, 0)),
}
