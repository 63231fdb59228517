"""What the parcels of an order cost adds up to its price, however it is split."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.order import Order
from domain.parcel_value import units_by_line, value_of_parcel
from tests.domain.test_return_money import orders
from tests.factories import LAMP, TEACUP, an_order


@given(orders(), st.data())
def test_all_parcels_together_are_the_grand_total(order: Order, data: st.DataObject) -> None:
    # given
    goods = [line.sku for line in order.lines for _ in range(line.quantity)]
    cuts = data.draw(st.sets(st.integers(1, len(goods)), max_size=4))
    edges = [0, *sorted(cuts - {len(goods)}), len(goods)]

    # when
    before, total = Counter[int](), 0
    for start, end in pairwise(edges):
        units = units_by_line(order, Counter(goods[start:end]), before)
        total += value_of_parcel(order, units, before, first=not start).minor_units
        before.update(units)

    # then
    assert total == order.grand_total.minor_units
    assert before == {line.line_no: line.quantity for line in order.lines}


def test_units_that_no_line_has_cost_nothing() -> None:
    order = an_order([(LAMP, 2)])

    assert units_by_line(order, {LAMP: 3, TEACUP: 1}, {1: 1}) == {1: 1}
