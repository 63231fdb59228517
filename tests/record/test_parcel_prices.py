"""What parcels cost whose customer pays as they come adds up to what is wanted of the order, however it is split."""

from dataclasses import replace

from sqlalchemy import update

from domain.captures import Part
from domain.money import Money
from models.database import Sessions
from models.order import OrderLineRow
from record.order_mapping import lock_order
from record.orders.parcel_prices import price_of
from record.stock.products import set_parts
from tests.factories import LAMP, TEACUP, an_order, place_orders, stock_shop

SET = "EVENING-SET"
CNY = "CNY"


def test_parcels_add_up_though_a_unit_is_canceled_between_and_a_bundle_is_split(stocked: Sessions) -> None:
    # given three lamps and a set of a lamp and two cups, at uneven cents, of which one lamp is not sent after all
    stock_shop(stocked, {"HANGZHOU": {SET: 0}})
    with stocked.begin() as session:
        set_parts(session, SET, {LAMP: 1, TEACUP: 2})
    order = an_order([(LAMP, 3), (SET, 1)], discount=Money(1_01, CNY))
    order = replace(order, grand_total=order.sum_of_parts)
    [order_id] = place_orders(stocked, [order])

    def asked_for(parcel: dict[str, int], *before: tuple[dict[str, int], int]) -> int:
        parts = [Part(units, Money(minor, CNY)) for units, minor in before]
        with stocked.begin() as session:
            row = lock_order(session, order_id)
            return price_of(session, row, parcel, parts, sum(minor for _, minor in before)).minor_units

    # when
    first = {LAMP: 1}, asked_for({LAMP: 1})
    with stocked.begin() as session:
        session.execute(update(OrderLineRow).where(OrderLineRow.sku == LAMP).values(withdrawn=1, canceled=1))
    second = {LAMP: 1, TEACUP: 1}, asked_for({LAMP: 1, TEACUP: 1}, first)
    third = {LAMP: 1, TEACUP: 1}, asked_for({LAMP: 1, TEACUP: 1}, first, second)

    # then what the canceled lamp would have cost is asked of nobody, and everything else is
    lamp = 1999 - 25
    assert first[1] == 800 + lamp
    assert first[1] + second[1] + third[1] == order.grand_total.minor_units - lamp
