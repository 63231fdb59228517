"""An order of more than a thousand lines costs as many SQL statements as one of two lines."""

from dataclasses import replace

from activities.audit import AuditRequest
from activities.reserve import StockRequest
from tests.activities.story import Steps
from tests.counting import statements_of
from tests.factories import an_order, assert_ledger_explains_stock, place_orders, stock_shop

LARGEST_SEEN = 1114


def statements_for(lines: int, steps: Steps) -> dict[str, int]:
    """Count the statements that each step needs for an order of `lines` lines."""
    skus = [f"LAMP-{number}" for number in range(lines)]
    stock_shop(steps.sessions, {"HANGZHOU": dict.fromkeys(skus, 10)})
    (order_id,) = place_orders(steps.sessions, [an_order([(sku, 2) for sku in skus])])
    one = replace(steps, order_id=order_id)
    counts = {}
    for name, act in {
        "audit": lambda: one.audit.audit_order(AuditRequest(order_id, 1)),
        "reserve": lambda: one.reserve.reserve_stock(StockRequest(order_id, 1)),
        "allocate": lambda: one.allocate.allocate_stock(StockRequest(order_id, 2)),
    }.items():
        with statements_of(steps.sessions) as sent:
            act()
        counts[name] = len(sent)
    return counts


def test_a_thousand_lines_need_as_many_statements_as_two(steps: Steps) -> None:
    # given cached parameters
    statements_for(1, steps)
    few = statements_for(2, steps)

    # when
    many = statements_for(LARGEST_SEEN, steps)

    # then: the same number, but for parameters that a slow machine reads again
    assert all(abs(many[step] - few[step]) <= 4 for step in few)
    assert_ledger_explains_stock(steps.sessions)
