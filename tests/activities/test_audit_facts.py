"""Facts that an audit gathers: parameters of the day, other orders, imports of a year, a repaired region."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from activities.holds import Release
from commands.blocks import block_buyer, unblock_buyer
from commands.parameters import set_parameter
from domain.money import Money
from domain.order import Buyer
from domain.parameters import NotAParameter
from models.order import AuditRow, EventWordsRow, HoldRow, OrderEventRow, OrderRow
from models.parameters import ParameterRow
from models.stock import ProductRow
from record.order_mapping import load_order, ship_to
from tests.activities.story import Steps
from tests.factories import LAMP, PLACED_AT, an_order, place_orders

LI, HAN = Buyer("token-of-li", "0071", "李**"), Buyer("token-of-han", "1239", "韩**")
NOTHING = Money(0, "CNY")


def audited(steps: Steps, order_id: str, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(order_id, revision))


def ordered(steps: Steps, **changes: Any) -> str:
    return place_orders(steps.sessions, [an_order(**changes)])[0]


@pytest.fixture
def wine(steps: Steps) -> Steps:
    """The shop also sells wine from abroad."""
    with steps.sessions.begin() as session:
        session.add(
            ProductRow(
                sku="WINE",
                title="Wine",
                hs_code="22042100",
                cross_border=True,
                positive_listed=True,
                vat=1300,
                consumption_tax=1000,
            )
        )
    return steps


def imports(steps: Steps, yuan: int, buyer: Buyer = LI, days: int = 0, **changes: Any) -> str:
    """Place an order for one bottle at this price, `days` after the first of March; return its id."""
    price = Money(yuan * 100, "CNY")
    order = an_order(
        [("WINE", 1)], shipping=NOTHING, placed_at=PLACED_AT + timedelta(days=days), buyer=buyer, **changes
    )
    order = replace(order, lines=(replace(order.lines[0], unit_price=price),), grand_total=price)
    paid = f"PAY-{order.channel_order_id}:{price.text}:CNY"
    return place_orders(steps.sessions, [replace(order, customer_id=order.channel_order_id, payment_reference=paid)])[0]


def test_a_person_has_one_yearly_import_limit_over_all_channels(wine: Steps) -> None:
    # given 5 orders of 5,000 yuan on 5 channels, a month apart, and others that do not count
    for number in range(5):
        assert audited(wine, imports(wine, 5000, days=30 * number, channel=f"shop-{number}")) == AuditResult("pass")
    assert audited(wine, imports(wine, 5000, HAN)) == AuditResult("pass")
    assert audited(wine, imports(wine, 5000, days=-90)) == AuditResult("pass")

    # when
    fits, exceeds = imports(wine, 1000, days=200), imports(wine, 1, days=210)

    # then
    assert audited(wine, fits) == AuditResult("pass")
    assert audited(wine, exceeds).open.codes == ["IMPORT_YEAR_LIMIT"]


def test_a_canceled_import_no_longer_counts_toward_the_year(wine: Steps) -> None:
    # given
    first, second = imports(wine, 20_000), imports(wine, 7_000, days=60)
    assert (audited(wine, first), audited(wine, second).verdict) == (AuditResult("pass"), "hold")

    # when
    with wine.sessions.begin() as session:
        session.get_one(OrderRow, first).status = "canceled"

    # then
    assert audited(wine, second, 2) == AuditResult("pass")


def test_a_held_import_counts_toward_the_year_once_it_is_released(wine: Steps) -> None:
    # given
    first, too_much, small = imports(wine, 25_000), imports(wine, 2_000, days=60), imports(wine, 1_000, days=120)
    assert audited(wine, first) == AuditResult("pass")
    assert audited(wine, too_much).open.codes == ["IMPORT_YEAR_LIMIT"]

    # when staff release it
    wine.holds.release_hold(Release(too_much, "IMPORT_YEAR_LIMIT", "Mo of customs", "taxed as ordinary goods"))

    # then it counts
    assert audited(wine, small).open.codes == ["IMPORT_YEAR_LIMIT"]


def test_concurrent_imports_do_not_share_the_same_remaining_limit(wine: Steps) -> None:
    # given 8 orders of one person, months apart, of which 5 fit into a year
    orders = [imports(wine, 5_000, days=30 * number) for number in range(8)]

    # when
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda order_id: audited(wine, order_id), orders))

    # then
    assert sorted(result.verdict for result in results) == ["hold"] * 3 + ["pass"] * 5


def test_a_purchase_split_within_a_day_is_held(wine: Steps) -> None:
    assert audited(wine, imports(wine, 3000)) == AuditResult("pass")
    assert audited(wine, imports(wine, 3000, channel="jd")).open.codes == ["IMPORT_SPLIT"]
    assert audited(wine, imports(wine, 3000, days=3)) == AuditResult("pass")


def test_the_limit_in_force_on_the_day_of_the_order_counts(wine: Steps) -> None:
    # given two bottles for 3,000 yuan in 2018, when 2,000 was the limit, and today
    def two_bottles(placed_at: datetime) -> str:
        order = an_order([("WINE", 2)], shipping=NOTHING, placed_at=placed_at, buyer=LI)
        line, total = replace(order.lines[0], unit_price=Money(1500_00, "CNY")), Money(3000_00, "CNY")
        paid = f"PAY-{order.channel_order_id}:3000.00:CNY"
        return place_orders(wine.sessions, [replace(order, lines=(line,), grand_total=total, payment_reference=paid)])[
            0
        ]

    # then
    then, now = two_bottles(datetime(2018, 6, 1, tzinfo=UTC)), two_bottles(PLACED_AT)
    assert audited(wine, then).open.codes == ["IMPORT_ORDER_LIMIT"]
    assert audited(wine, now) == AuditResult("pass")


def test_a_parameter_counts_from_its_day_on_and_the_audit_keeps_its_version(steps: Steps) -> None:
    # given
    before, after = ordered(steps), ordered(steps, placed_at=PLACED_AT + timedelta(days=40), customer_id="LATER")
    number = set_parameter(
        steps.sessions, "carriers", {}, PLACED_AT + timedelta(days=30), None, "a test", "Sun of support"
    )

    # when
    audited(steps, before)
    audited(steps, after)

    # then
    with steps.sessions() as session:
        versions = {row.order_id: row.parameters for row in session.scalars(select(AuditRow))}
        row = session.get_one(ParameterRow, number)
        assert (row.set_by, row.source, row.set_at.tzinfo is not None) == ("Sun of support", "a test", True)
    assert versions[before] != versions[after]
    assert all(versions.values())


def test_a_parameter_without_a_source_or_of_another_form_is_not_set(steps: Steps) -> None:
    for name, value, source in [("remote_areas", [], " "), ("remote_areas", {}, "a law"), ("remote", [], "a law")]:
        with pytest.raises(NotAParameter):
            set_parameter(steps.sessions, name, value, PLACED_AT, None, source, "Sun of support")


def test_many_orders_of_one_customer_within_a_day_are_held(steps: Steps) -> None:
    # given the order of the story and 31 more, 40 minutes apart
    orders = [an_order([(LAMP, 1)], placed_at=PLACED_AT + timedelta(minutes=40 * number)) for number in range(31)]
    *_, last = place_orders(steps.sessions, orders)

    # then
    assert audited(steps, last).open.codes == ["VELOCITY"]
    assert audited(steps, steps.order_id) == AuditResult("pass")


def test_an_amount_far_above_the_usual_is_held(steps: Steps) -> None:
    for day in range(5):
        ordered(steps, lines=[(LAMP, 1)], placed_at=PLACED_AT - timedelta(days=10 - day))
    assert audited(steps, ordered(steps, lines=[(LAMP, 90)])).open.codes == ["UNUSUAL_AMOUNT"]


def test_a_blocked_buyer_is_held_by_number_until_the_block_ends(steps: Steps) -> None:
    # given
    number = block_buyer(steps.sessions, "BUYER-OF-LAMPS", "three parcels refused", "Mo of risk")
    held = audited(steps, steps.order_id)
    with steps.sessions() as session:
        reason = session.scalars(select(HoldRow.reason)).one()

    # when
    ended = unblock_buyer(steps.sessions, "BUYER-OF-LAMPS")

    # then
    assert (held.open.codes, reason) == (["BLOCKED_BUYER"], f"the buyer is blocked (block {number})")
    assert (ended, audited(steps, steps.order_id, 2)) == (1, AuditResult("pass"))


def test_an_unambiguous_region_is_repaired_logged_and_used(steps: Steps) -> None:
    # given
    to = replace(an_order().ship_to, province="", city="深圳", district="福田")
    order_id = ordered(steps, ship_to=to)

    # when
    result = audited(steps, order_id)
    again = audited(steps, order_id, 2)

    # then partners get the repaired region, and the channel's own text is kept
    assert (result, again) == (AuditResult("pass"), AuditResult("pass"))
    with steps.sessions() as session:
        row = session.get_one(OrderRow, order_id)
        used = load_order(session, order_id).ship_to
        assert (used.province, used.city, used.district) == ("广东省", "深圳市", "福田区")
        assert (ship_to(row)["province"], row.province, row.receiver["city"]) == ("广东省", "", "深圳")
        (fact,) = session.scalars(select(OrderEventRow).where(OrderEventRow.type == "order.address_repaired"))
        assert session.get_one(EventWordsRow, fact.event_id).words == {
            "written": "深圳 福田",
            "used": "广东省 深圳市 福田区",
        }


def test_two_findings_of_one_code_are_one_hold(steps: Steps) -> None:
    # given
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE products SET channels = '{jd}'"))

    # when
    result = audited(steps, steps.order_id)

    # then
    assert result.open.codes == ["CHANNEL_POLICY"]
    with steps.sessions() as session:
        assert session.scalars(select(HoldRow.reason)).one().count("is not sold on tmall") == 2


def test_prohibited_goods_end_the_order(steps: Steps) -> None:
    with steps.sessions.begin() as session:
        session.get_one(ProductRow, LAMP).dangerous_goods_class = "explosive"
    result = audited(steps, steps.order_id)
    assert (result.verdict, result.reason) == ("reject", "ELEGANT-LAMP may not be sent to CN")
