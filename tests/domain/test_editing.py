"""An edit is judged by the order as it is: its money to the cent, what must be called back, and what cannot be done."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.editing.preview import EditPreview, preview
from domain.editing.standing import OrderStanding, WorkStanding
from domain.editing.totals import edited, worth
from domain.editing.wanted import AddedLine, WantedEdit
from domain.money import Money
from domain.order import Address, Order
from domain.status import OrderStatus
from tests.domain.test_return_money import orders
from tests.factories import LAMP, PRICE, TEACUP, an_order

ZERO = Money(0, "CNY")
HOME = Address("CN", name="Lin Xia", phone="+8613800138000", city="杭州市", lines=("1 Lake Road",))


def standing(order: Order | None = None, **changes: Any) -> OrderStanding:
    """Three lamps of two lines, paid, of which nothing has begun."""
    order = order or an_order([(LAMP, 2), (TEACUP, 1)])
    fields: dict[str, Any] = {
        "status": OrderStatus.IN_PROGRESS,
        "version": 0,
        "available": {LAMP: 5, TEACUP: 5},
        "sellable": frozenset({LAMP, TEACUP}),
        "held": worth(order, {}).minor_units,
    }
    return OrderStanding(order, **fields | changes)


def work(status: str, name: str = "O-1", **units: int) -> WorkStanding:
    return WorkStanding(name, "HANGZHOU", status, units or {LAMP: 2})


def added(sku: str = TEACUP, price: int = 0) -> WantedEdit:
    return WantedEdit(added=(AddedLine(sku, 1, Money(price, "CNY"), ZERO),))


def refused(seen: EditPreview) -> list[str]:
    return [refusal.field for refusal in seen.refusals]


@given(orders(), st.data())
def test_whatever_is_edited_the_lines_add_up_to_what_is_paid(order: Order, data: st.DataObject) -> None:
    # given an order that was edited before
    now, withdrawn, total = order, dict[int, int](), worth(order, {})
    for _ in range(data.draw(st.integers(1, 3))):
        quantities = data.draw(st.dictionaries(st.integers(1, len(now.lines)), st.integers(0, 6)))
        more = data.draw(st.lists(st.integers(0, 3_000), max_size=2))
        amounts = data.draw(st.dictionaries(st.sampled_from(("shipping", "tax")), st.integers(0, 999)))
        wanted = WantedEdit(
            quantities=quantities,
            added=tuple(AddedLine(LAMP, 2, Money(price, "CNY"), ZERO) for price in more),
            amounts={name: Money(minor, "CNY") for name, minor in amounts.items()},
        )

        # when it is edited
        seen = preview(standing(now, withdrawn=withdrawn), wanted)
        now, withdrawn, total = seen.edited.order, dict(seen.edited.withdrawn), total + seen.difference

    # then no cent is lost, and no line has fewer units than none
    assert total == worth(now, withdrawn)
    assert now.grand_total == now.sum_of_parts
    assert all(0 <= withdrawn.get(line.line_no, 0) <= line.quantity for line in now.lines)
    everything = {line.line_no: line.quantity for line in now.lines}
    assert worth(now, everything) + _goods(now) == now.grand_total


def _goods(order: Order) -> Money:
    return worth(order, {}) - worth(order, {line.line_no: line.quantity for line in order.lines})


def test_units_that_go_are_worth_what_was_paid_for_them() -> None:
    order = an_order([(LAMP, 3)], discount=Money(100, "CNY"), grand_total=PRICE * 3 + Money(700, "CNY"))

    seen = preview(standing(order), WantedEdit(quantities={1: 1}))

    # The goods cost 58.97 after the discount, and a third of that remains.
    assert (seen.difference.minor_units, refused(seen)) == (-3931, [])
    assert seen.edited.withdrawn == {1: 2}


def test_tax_grows_with_added_goods_at_the_orders_own_rate() -> None:
    order = an_order([(LAMP, 2)], tax=Money(400, "CNY"), grand_total=PRICE * 2 + Money(1200, "CNY"))

    after = edited(standing(order), added(price=1999)).order

    assert (after.tax, after.grand_total) == (Money(600, "CNY"), order.grand_total + Money(2199, "CNY"))


@pytest.mark.parametrize(
    ("wanted", "status", "recalled"),
    [
        (WantedEdit(ship_to=HOME), "released", True),
        (WantedEdit(contact={"phone": "+8613900139000"}), "packed", True),
        (WantedEdit(steering={"carrier": "SF Express"}), "open", True),
        (WantedEdit(quantities={1: 1}), "picked", True),
        # Another location has the cup, or nobody yet.
        (WantedEdit(quantities={2: 0}), "picked", False),
        (added(), "released", False),
        (added(), "open", True),
        (WantedEdit(notes={"remarks": "ring twice"}), "released", False),
    ],
)
def test_work_is_called_back_only_where_it_must_be(wanted: WantedEdit, status: str, recalled: bool) -> None:
    seen = preview(standing(work=[work(status)]), wanted)

    assert (refused(seen), bool(seen.recall)) == ([], recalled)


@pytest.mark.parametrize(
    ("changes", "wanted", "fields"),
    [
        ({"status": OrderStatus.COMPLETED}, WantedEdit(notes={"remarks": "late"}), ["order"]),
        ({"status": OrderStatus.CANCELED}, WantedEdit(ship_to=HOME), ["order"]),
        ({"in_case": True}, WantedEdit(quantities={1: 1}), ["order"]),
        ({"work": [work("shipped")]}, WantedEdit(ship_to=HOME), ["ship_to"]),
        ({"work": [work("delivered")]}, WantedEdit(quantities={1: 0}), ["lines[1]"]),
        ({"elsewhere": {1: 1}}, WantedEdit(quantities={1: 0}), ["lines[1]"]),
        ({}, WantedEdit(ship_to=replace(HOME, lines=())), ["ship_to"]),
        ({}, WantedEdit(pickup_location="NOWHERE"), ["delivery.location_id"]),
        ({}, WantedEdit(steering={"carrier": "My cousin", "location": "NOWHERE"}), ["location", "carrier"]),
        ({}, WantedEdit(quantities={7: 1}), ["lines[7]"]),
        ({}, WantedEdit(quantities={1: 0, 2: 0}), ["lines"]),
        ({"available": {}}, WantedEdit(quantities={1: 1}, added=added().added), ["lines"]),
        ({"sellable": frozenset({LAMP})}, added(), ["add[0].sku"]),
        ({"held": 0}, WantedEdit(quantities={1: 1}), ["lines"]),
        ({"follow_up": True}, WantedEdit(quantities={1: 1}), ["lines"]),
        ({}, WantedEdit(amounts={"discount": Money(99_999, "CNY")}), ["discount"]),
        ({"held": 0}, WantedEdit(amounts={"shipping": Money(900, "CNY")}), ["shipping"]),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_field(
    changes: dict[str, Any], wanted: WantedEdit, fields: list[str]
) -> None:
    assert refused(preview(standing(**changes), wanted)) == fields


@pytest.mark.parametrize(
    ("charged", "price", "charge", "repay"),
    [(0, 500, 500, 0), (300, 500, 800, 0), (300, -200, 100, 0), (300, -500, 0, 200), (0, -500, 0, 500)],
)
def test_what_was_charged_and_not_paid_is_not_paid_back(charged: int, price: int, charge: int, repay: int) -> None:
    # given an order with a shipping of 8.00, of which an edit before has charged a part
    order = replace(an_order([(LAMP, 2)]), charge_minor=charged)
    wanted = WantedEdit(amounts={"shipping": Money(800 + price, "CNY")})

    # when
    seen = preview(standing(order, held=worth(order, {}).minor_units - charged), wanted)

    # then
    assert (refused(seen), seen.charge.minor_units, seen.repay.minor_units) == ([], charge, repay)


def test_a_channels_word_about_a_canceled_order_is_kept() -> None:
    seen = preview(standing(status=OrderStatus.CANCELED, of_channel=True), WantedEdit(ship_to=HOME))

    assert refused(seen) == []


@pytest.mark.parametrize(
    "wanted",
    [
        WantedEdit(ship_to=HOME, notes={"remarks": ""}, quantities={1: 0}, amounts={"tax": ZERO}),
        WantedEdit(pickup_location="", steering={"carrier": "", "deliver_on": "2026-12-01"}, contact={"name": "Lin"}),
        added(price=1999),
    ],
)
def test_an_edit_is_stored_whole(wanted: WantedEdit) -> None:
    assert WantedEdit.from_json(wanted.to_json(), "CNY") == wanted


def test_an_edit_of_a_thousand_lines_is_judged_at_once() -> None:
    order = an_order([(LAMP, 2)] * 1_000)

    seen = preview(standing(order), WantedEdit(quantities=dict.fromkeys(range(1, 1_001), 1)))

    assert (refused(seen), seen.difference) == ([], ZERO - PRICE * 1_000)
