"""What the ERP is told adds up: the sale less its credit notes is what we keep, whatever came back in which order."""

from dataclasses import replace
from operator import attrgetter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.contents.finance import credit, sale
from domain.contents.snapshot import Case, CreditNote, Snapshot
from domain.money import Money
from domain.order import Order, OrderLine
from domain.returns import refunds
from tests.domain.messages import a_snapshot
from tests.factories import an_order

minor_units = attrgetter("minor_units")
CURRENCIES = ("CNY", "JPY", "KWD")


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any prices, discounts, tax and shipping, in a currency of 0, 2 or 3 decimals."""
    currency = draw(st.sampled_from(CURRENCIES))

    def money(most: int) -> Money:
        return Money(draw(st.integers(0, most)), currency)

    lines = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        quantity, price = draw(st.integers(1, 4)), money(5_000)
        lines.append(OrderLine(number, f"SKU-{number}", quantity, price, money(price.minor_units * quantity)))
    goods = sum(line.total.minor_units for line in lines)
    discount, shipping, tax = money(goods), money(900), money(700)
    total = Money(goods, currency) - discount + shipping + tax
    parts = {"discount": discount, "shipping": shipping, "tax": tax, "grand_total": total}
    return replace(an_order(), lines=tuple(lines), **parts)


@st.composite
def told(draw: st.DrawFn) -> Snapshot:
    """An order of which units came back in several cases, before and after its sale, some with fees; and a goodwill."""
    order = draw(orders())
    before: dict[int, int] = {}
    cases, credit_notes = {}, []
    left = order.grand_total
    after_sale = False
    for number in range(draw(st.integers(0, 4))):
        after_sale = after_sale or draw(st.booleans())
        room = {line.line_no: line.quantity - before.get(line.line_no, 0) for line in order.lines}
        units = {line_no: draw(st.integers(0, most)) for line_no, most in room.items()}
        units = {line_no: count for line_no, count in units.items() if count}
        value = refunds.value_of(order, units, before) if units else Money(draw(st.integers(0, 300)), order.currency)
        value = min(value, left, key=lambda money: money.minor_units)
        fee = Money(draw(st.integers(0, value.minor_units)), order.currency) if units else Money(0, order.currency)
        name, amount = f"CASE-{number}", value - fee
        cases[name] = Case(name, "return_and_refund", "settled", units=units, fees={"freight": fee})
        credit_notes.append(CreditNote(f"CN-{number}", amount, after_sale, name))
        left -= amount
        before = {line_no: before.get(line_no, 0) + units.get(line_no, 0) for line_no in room}
    return a_snapshot(order, cases=cases, credit_notes=credit_notes)


def amount_of(content: dict[str, Any], name: str) -> int:
    return Money.parse(content[name], content["currency"]).minor_units


def parts_of(content: dict[str, Any]) -> int:
    """The amount, added up from its parts."""
    lines = sum(Money.parse(line["amount"], content["currency"]).minor_units for line in content["lines"])
    fees = sum(Money.parse(fee, content["currency"]).minor_units for fee in content.get("fees", {}).values())
    return lines + amount_of(content, "shipping") + amount_of(content, "adjustment") - fees


def kept_of(snapshot: Snapshot, *, at_sale: bool) -> int:
    back = [one for one in snapshot.credit_notes if not (at_sale and one.after_sale)]
    return snapshot.order.grand_total.minor_units - sum(one.amount.minor_units for one in back)


@given(snapshot=told())
def test_the_sale_less_its_credit_notes_is_what_we_keep(snapshot: Snapshot) -> None:
    # when
    sold = sale(snapshot, Money(kept_of(snapshot, at_sale=True), snapshot.order.currency))
    credits = [credit(snapshot, note) for note in snapshot.credit_notes]

    # then
    of_sale = [one for one in credits if one["credit_of"] == "sale"]
    assert amount_of(sold, "amount") - sum(amount_of(one, "amount") for one in of_sale) == kept_of(
        snapshot, at_sale=False
    )
    for content in (sold, *credits):
        assert parts_of(content) == amount_of(content, "amount")


@given(snapshot=told())
def test_each_line_is_its_price_less_its_discount_plus_its_tax(snapshot: Snapshot) -> None:
    # when
    sold = sale(snapshot, Money(kept_of(snapshot, at_sale=True), snapshot.order.currency))

    # then
    for content in (sold, *(credit(snapshot, note) for note in snapshot.credit_notes)):
        for line in content["lines"]:
            price, discount, tax, amount = (
                Money.parse(line[name], content["currency"]) for name in ("unit_price", "discount", "tax", "amount")
            )
            assert price * line["quantity"] - discount + tax == amount


@given(snapshot=told())
def test_the_taxes_of_sale_and_credit_notes_add_up_to_the_order_tax(snapshot: Snapshot) -> None:
    # given
    order = snapshot.order
    came = {line.line_no: 0 for line in order.lines}
    for case in (snapshot.cases or {}).values():
        came = {line_no: count + (case.units or {}).get(line_no, 0) for line_no, count in came.items()}

    # when
    sold = sale(snapshot, Money(kept_of(snapshot, at_sale=True), order.currency))
    back = sum(amount_of(credit(snapshot, note), "tax") for note in snapshot.credit_notes if note.after_sale)

    # then
    still_out = {line.line_no: line.quantity - came[line.line_no] for line in order.lines}
    assert amount_of(sold, "tax") - back == refunds.tax_in(order, still_out, came).minor_units
