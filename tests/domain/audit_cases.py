"""Orders that a check stops, one a line: the check, its facts, its verdict and its code."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.audit_facts import (
    HOLD,
    REJECT,
    AuditFacts,
    BuyerFacts,
    ImportFacts,
    PaymentFacts,
    ProductFacts,
    TenderFacts,
)
from domain.money import Money
from domain.order import Address, Buyer, Order
from domain.parameters import Carrier, Ordinary, Parameters, Prohibited, Velocity
from domain.payment_terms import PaymentTerms, TermsKind
from domain.regions import read_region
from domain.remarks.intents import RemarkReading
from domain.tenders import Tender, TenderKind
from tests.factories import LAMP, TEACUP, an_order

ORDER = an_order()
TO = ORDER.ship_to
PAID = PaymentFacts("captured", ORDER.grand_total)
ON_SALE = {LAMP: ProductFacts(on_sale=True), TEACUP: ProductFacts(on_sale=True)}
IN_BRITAIN = Address("GB", "Ada Byron", "+442079460001", city="London", postal_code="SW1Y 4LB", lines=("12 St James",))

ANYBODY = frozenset[str]()
DOMESTIC = Carrier("SF Express", frozenset({"CN"}), frozenset({"西藏自治区"}), frozenset({"lithium_battery"}))
ABROAD = Carrier("DHL Express", frozenset({"GB"}), ANYBODY, ANYBODY)
PARAMETERS = Parameters(
    version="rows-of-the-test",
    import_order_limit=Money(5_000_00, "CNY"),
    import_year_limit=Money(26_000_00, "CNY"),
    import_tax_percent=70,
    import_split_hours=24,
    carriers=(DOMESTIC, ABROAD),
    prohibited={"*": Prohibited(("9301", "050710"), frozenset({"weapon"})), "GB": Prohibited(("2402",), ANYBODY)},
    remote_areas=frozenset({"墨脱县"}),
    buyer_velocity=Velocity(orders=3, hours=24),
    ordinary_amount=Ordinary(times=10, orders=5),
)
NOT_AT_THE_DOOR = (
    PaymentTerms(TermsKind.ON_DELIVERY, areas=frozenset({"GB"})),
    PaymentTerms(TermsKind.ON_DELIVERY, most={"CNY": 1}),
    PaymentTerms(TermsKind.ON_DELIVERY, most={"EUR": 1_000_000}),
)
ON_CREDIT = PaymentTerms(TermsKind.ON_CREDIT)
BUYER = Buyer("a-token", "0071", "李**")
WINE = ProductFacts(
    on_sale=True, hs_code="22042100", cross_border=True, vat=1300, consumption_tax=1000, positive_listed=True
)


def facts(order: Order = ORDER, payment: PaymentFacts = PAID, products: Any = ON_SALE, **more: Any) -> AuditFacts:
    return AuditFacts(order, payment, products, **{"parameters": PARAMETERS, **more})


def addressed(**changes: Any) -> AuditFacts:
    return facts(replace(ORDER, ship_to=replace(TO, **changes)))


def fetched(**more: Any) -> AuditFacts:
    """An order that the customer fetches and for which nobody needs a street."""
    to = replace(TO, province="", city="", district="墨脱县", lines=())
    return facts(replace(ORDER, ship_to=to, pickup_location="WEST-LAKE"), **more)


def in_britain(**changes: Any) -> AuditFacts:
    return facts(replace(ORDER, ship_to=replace(IN_BRITAIN, **changes)))


def in_china(province: str, city: str, district: str = "") -> AuditFacts:
    """As the audit has it: with the region that was read, repaired if it could be."""
    region = read_region(province, city, district)
    used = {"province": region.province, "city": region.city, "district": region.district}
    return facts(replace(ORDER, ship_to=replace(TO, **used)), region=region)


def tendered(status: str, minor: int | None = None, **more: Any) -> AuditFacts:
    """Ten yuan are a tender that is paid like this; the order's own payment is of the rest."""
    ten = Money(10_00, "CNY")
    tender = Tender(1, TenderKind.GATEWAY, "CARD-2", ten, **more)
    known = TenderFacts(tender, status, None if minor is None else Money(minor, "CNY"))
    own = PaymentFacts("captured", ORDER.grand_total - ten)
    return facts(replace(ORDER, tenders=(tender,)), own, tenders=(known,))


def sold_as(**changes: Any) -> AuditFacts:
    """The lamp is a product like this."""
    return facts(products={**ON_SALE, LAMP: replace(ON_SALE[LAMP], **changes)})


def imported(yuan: int, units: int = 1, wine: ProductFacts = WINE, **more: Any) -> AuditFacts:
    """A person imports so many bottles, which cost this together, without freight."""
    price, nothing = Money(yuan * 100 // units, "CNY"), Money(0, "CNY")
    order = an_order([("WINE", units)], shipping=nothing, placed_at=datetime(2026, 3, 1, tzinfo=UTC))
    line, total = replace(order.lines[0], unit_price=price), price * units
    order = replace(order, lines=(line,), grand_total=total, buyer=more.pop("buyer", BUYER))
    return facts(order, PaymentFacts("captured", total), {"WINE": wine}, **more)


def taxed(yuan: int, tax: int) -> AuditFacts:
    """The same with so many fen of tax on top."""
    judged = imported(yuan)
    on_top = Money(tax, "CNY")
    order = replace(judged.order, tax=on_top, grand_total=judged.order.grand_total + on_top)
    return replace(judged, order=order, payment=PaymentFacts("captured", order.grand_total))


def paying(status: str, amount: Money | None = ORDER.grand_total) -> AuditFacts:
    return facts(payment=PaymentFacts(status, amount))


ONE_LAMP_MORE = ORDER.grand_total + Money(1999, "CNY")
Case = tuple[str, AuditFacts, str, str]
PAYMENT: Sequence[Case] = (
    *(
        ("unpaid", paying(status), HOLD, "PAYMENT")
        for status in ("pending", "authorized", "unknown", "silent", "refunded")
    ),
    *(("unpaid", paying(status), REJECT, "PAYMENT_FAILED") for status in ("failed", "voided")),
    ("wrong_amount", paying("captured", ONE_LAMP_MORE), HOLD, "PAYMENT_AMOUNT"),
    ("wrong_amount", paying("captured", Money(ORDER.grand_total.minor_units, "EUR")), HOLD, "PAYMENT_AMOUNT"),
    ("wrong_amount", paying("captured", None), HOLD, "PAYMENT_AMOUNT"),
    *(
        ("not_on_delivery", facts(payment=PaymentFacts("on_delivery"), terms=terms), HOLD, "ON_DELIVERY")
        for terms in NOT_AT_THE_DOOR
    ),
    ("over_credit", facts(payment=PaymentFacts("on_credit"), terms=ON_CREDIT), HOLD, "CREDIT"),
    (
        "disputed",
        facts(replace(ORDER, disputed_minor=4_500), PaymentFacts("captured", ORDER.grand_total)),
        HOLD,
        "DISPUTED",
    ),
    (
        "charge_due",
        facts(replace(ORDER, charge_minor=4_500), PaymentFacts("captured", ORDER.grand_total)),
        HOLD,
        "PAYMENT_DUE",
    ),
    ("unpaid_tender", tendered("pending"), HOLD, "PAYMENT"),
    ("unpaid_tender", tendered("short", 3_00), HOLD, "PAYMENT"),
    ("unpaid_tender", tendered("taken"), HOLD, "PAYMENT_TAKEN"),
    ("unpaid_tender", tendered("voided"), REJECT, "PAYMENT_FAILED"),
    ("balance_due", tendered("unknown", due_at=datetime(2026, 12, 12, tzinfo=UTC)), HOLD, "BALANCE_DUE"),
    ("balance_due", tendered("failed", due_at=datetime(2026, 12, 12, tzinfo=UTC)), HOLD, "BALANCE_DUE"),
    ("wrong_tender", tendered("captured", 9_99), HOLD, "PAYMENT_AMOUNT"),
    (
        "wrong_sums",
        facts(replace(ORDER, grand_total=ONE_LAMP_MORE), PaymentFacts("captured", ONE_LAMP_MORE)),
        HOLD,
        "TOTALS",
    ),
)
ADDRESS: Sequence[Case] = (
    ("incomplete_address", addressed(name=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(phone="", email=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(city=""), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(lines=()), HOLD, "ADDRESS"),
    ("incomplete_address", addressed(lines=("",)), HOLD, "ADDRESS"),
    ("unclear_region", in_china("浙江省", "深圳市"), HOLD, "REGION"),
    ("unclear_region", in_china("火星省", "深圳市"), HOLD, "REGION"),
    ("unclear_region", in_china("广东省", "深圳市", "徐汇区"), HOLD, "REGION"),
    ("unclear_region", in_china("", "朝阳区"), HOLD, "REGION"),
    ("unclear_region", in_china("广东", "深圳", "福田"), "repair", ""),
    ("wrong_form", in_britain(postal_code=""), HOLD, "ADDRESS_FORM"),
    ("wrong_form", in_britain(postal_code="310012"), HOLD, "ADDRESS_FORM"),
    ("wrong_phone", addressed(phone="+8623456789012"), HOLD, "PHONE"),
    ("undeliverable", in_china("西藏自治区", "拉萨市", "城关区"), HOLD, "UNDELIVERABLE"),
    ("remote_area", addressed(district="墨脱县"), HOLD, "REMOTE_AREA"),
    ("unknown_store", fetched(pickup_at_store=False), HOLD, "PICKUP_STORE"),
)
GOODS: Sequence[Case] = (
    ("unknown_goods", facts(products={LAMP: ProductFacts(on_sale=True)}), HOLD, "UNKNOWN_GOODS"),
    ("not_for_sale", sold_as(on_sale=False), HOLD, "NOT_FOR_SALE"),
    ("wrong_channel", sold_as(channels=frozenset({"jd"})), HOLD, "CHANNEL_POLICY"),
    ("wrong_channel", sold_as(channels=frozenset()), HOLD, "CHANNEL_POLICY"),
    ("too_many", sold_as(max_per_order=1), HOLD, "QUANTITY_LIMIT"),
    ("part_on_its_own", sold_as(bundle_part_only=True), HOLD, "BUNDLE_PART"),
    ("duplicate", facts(twin="ORDER-1"), HOLD, "DUPLICATE"),
    ("unclear_remarks", facts(remarks=RemarkReading(unsure=("customer: is not understood",))), HOLD, "REMARKS"),
    ("test_order", facts(replace(ORDER, test=True)), HOLD, "TEST_ORDER"),
)
THE_BUYER: Sequence[Case] = (
    ("blocked_buyer", facts(buyer=BuyerFacts(block_id=7)), HOLD, "BLOCKED_BUYER"),
    ("too_often", facts(buyer=BuyerFacts(recent_orders=3)), HOLD, "VELOCITY"),
    ("unusual_amount", facts(buyer=BuyerFacts(earlier_orders=5, usual_minor=600)), HOLD, "UNUSUAL_AMOUNT"),
)
CROSS_BORDER: Sequence[Case] = (
    ("prohibited_goods", sold_as(hs_code="93019000"), REJECT, "PROHIBITED_GOODS"),
    ("prohibited_goods", sold_as(hs_code="0507.10.00"), REJECT, "PROHIBITED_GOODS"),
    ("not_carried", sold_as(dangerous_goods_class="flammable"), HOLD, "DANGEROUS_GOODS"),
    ("no_real_name", imported(1000, buyer=None), HOLD, "REAL_NAME"),
    ("not_positive_listed", imported(1000, wine=replace(WINE, positive_listed=False)), HOLD, "POSITIVE_LIST"),
    ("not_positive_listed", imported(1000, wine=replace(WINE, hs_code="")), HOLD, "POSITIVE_LIST"),
    ("over_order_limit", imported(5001, units=3), HOLD, "IMPORT_ORDER_LIMIT"),
    ("over_year_limit", imported(4000, imports=ImportFacts(22_000_01)), HOLD, "IMPORT_YEAR_LIMIT"),
    ("around_the_limit", imported(3000, imports=ImportFacts(3000_00, 3000_00, 1)), HOLD, "IMPORT_SPLIT"),
    ("wrong_tax", taxed(1000, 178_00), HOLD, "IMPORT_TAX"),
    ("wrong_tax", imported(1000, wine=replace(WINE, vat=None)), HOLD, "IMPORT_TAX"),
)
CASES: Sequence[Case] = (*PAYMENT, *ADDRESS, *GOODS, *THE_BUYER, *CROSS_BORDER)

PASSING = {
    "several_tenders": tendered("captured", 10_00),
    "in_china": in_china("广东省", "深圳市", "福田区"),
    "a development zone": in_china("江苏省", "苏州市", "工业园区"),
    "in_latin_letters": in_china("Zhejiang", "Hangzhou"),
    "in_britain": in_britain(),
    "masked": addressed(phone="138****0001"),
    "this_channel": sold_as(channels=frozenset({"tmall", "jd"})),
    "as_many_as_are_sold": sold_as(max_per_order=2),
    "a_carrier_takes_it": sold_as(dangerous_goods_class="lithium_battery"),
    "prohibited_elsewhere": sold_as(hs_code="24022000"),
    "the_third_today": facts(buyer=BuyerFacts(recent_orders=2)),
    "too_early_to_tell": facts(buyer=BuyerFacts(earlier_orders=4, usual_minor=1)),
    "at_the_limit": imported(5000, units=2),
    "one_single_item": imported(8000),
    "the_last_of_the_year": imported(4000, imports=ImportFacts(22_000_00)),
    "two_small_orders": imported(2000, imports=ImportFacts(3000_00, 3000_00, 1)),
    "the_right_tax": taxed(1000, 178_89),
    "full_duty": taxed(10_000, 2555_56),
}
