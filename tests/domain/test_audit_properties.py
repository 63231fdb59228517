"""Whatever the shape of an order: unpaid, prohibited or over a limit it does not pass."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.audit_facts import HOLD, REJECT, AuditFacts, BuyerFacts, ImportFacts, PaymentFacts, ProductFacts
from domain.audit_rules import audit
from domain.cross_border import import_value, is_single_item
from domain.money import Money
from domain.order import Buyer, Order, OrderLine
from tests.domain.audit_cases import IN_BRITAIN, PARAMETERS
from tests.factories import an_order

SKUS = ("LAMP", "WINE", "KNIFE")
products = st.builds(
    ProductFacts,
    on_sale=st.booleans(),
    hs_code=st.sampled_from(["", "22042100", "93019000", "9301.90.00", "24022000", "05071000"]),
    dangerous_goods_class=st.sampled_from(["", "weapon", "lithium_battery"]),
    cross_border=st.booleans(),
    max_per_order=st.none() | st.integers(1, 5),
    channels=st.none() | st.frozensets(st.sampled_from(["tmall", "jd"])),
    vat=st.none() | st.integers(0, 10_000),
    consumption_tax=st.none() | st.integers(0, 9_999),
    positive_listed=st.booleans(),
)
statuses = st.sampled_from(["captured", "pending", "authorized", "refunded", "silent", "failed"]) | st.text(max_size=9)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    amounts = st.integers(0, 30_000_00)
    lines = tuple(
        OrderLine(
            number,
            draw(st.sampled_from(SKUS)),
            draw(st.integers(1, 6)),
            Money(draw(amounts), "CNY"),
            Money(draw(st.integers(-10_00, 10_00)), "CNY"),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    )
    parts = {name: Money(draw(st.integers(0, 500_00)), "CNY") for name in ("discount", "shipping", "tax")}
    order = replace(
        an_order(),
        lines=lines,
        **parts,
        test=draw(st.booleans()),
        buyer=draw(st.none() | st.just(Buyer("a-token", "0071", "李**"))),
    )
    total = draw(st.just(order.sum_of_parts.minor_units) | amounts)
    order = replace(order, grand_total=Money(max(total, 0), "CNY"))
    return replace(order, ship_to=IN_BRITAIN) if draw(st.booleans()) else order


@st.composite
def judged(draw: st.DrawFn) -> AuditFacts:
    order, amounts = draw(orders()), st.integers(0, 30_000_00)
    paid = draw(st.none() | st.just(order.grand_total) | st.builds(Money, amounts, st.sampled_from(["CNY", "USD"])))
    return AuditFacts(
        order,
        PaymentFacts(draw(statuses), paid),
        draw(st.dictionaries(st.sampled_from(SKUS), products)),
        parameters=PARAMETERS,
        buyer=draw(st.builds(BuyerFacts, st.integers(0, 9), st.integers(0, 9), amounts)),
        imports=draw(st.builds(ImportFacts, amounts, amounts, st.integers(0, 3))),
    )


def stopped(facts: AuditFacts) -> bool:
    return any(finding.verdict in (HOLD, REJECT) for finding in audit(facts))


@given(judged())
def test_no_order_passes_with_an_unsettled_payment(facts: AuditFacts) -> None:
    settled = facts.payment.status == "captured" and facts.payment.amount == facts.order.grand_total
    assert settled or stopped(facts)


@given(judged())
def test_no_order_passes_with_prohibited_goods(facts: AuditFacts) -> None:
    listed = [*PARAMETERS.prohibited["*"].hs_codes]
    if facts.order.ship_to.country == "GB":
        listed += PARAMETERS.prohibited["GB"].hs_codes
    bad = any(
        product.dangerous_goods_class == "weapon" or product.hs_code.replace(".", "").startswith(tuple(listed))
        for _, _, product in facts.sold()
    )
    assert bad == any(finding.code == "PROHIBITED_GOODS" for finding in audit(facts))


@given(judged())
def test_no_order_passes_over_a_limit(facts: AuditFacts) -> None:
    units: dict[str, int] = {}
    for line in facts.order.lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    most = {sku: product.max_per_order for sku, product in facts.products.items() if product.max_per_order}
    over = {"QUANTITY_LIMIT": any(units.get(sku, 0) > limit for sku, limit in most.items())}
    if facts.cross_border:
        value, imports = import_value(facts.order).minor_units, facts.imports
        over |= {
            "IMPORT_ORDER_LIMIT": value > 5_000_00 and not is_single_item(facts.order),
            "IMPORT_YEAR_LIMIT": value + imports.year_minor > 26_000_00,
            "IMPORT_SPLIT": bool(imports.near_orders) and value + imports.near_minor > 5_000_00,
        }
    found = {finding.code for finding in audit(facts)}
    assert found & {"QUANTITY_LIMIT", "IMPORT_ORDER_LIMIT", "IMPORT_YEAR_LIMIT", "IMPORT_SPLIT"} == {
        code for code in over if over[code]
    }


@given(judged())
def test_no_import_passes_without_a_real_name(facts: AuditFacts) -> None:
    assert not facts.cross_border or facts.order.buyer or stopped(facts)
