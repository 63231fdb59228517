"""The same stories over every platform that is connected. A pair that is not in them is in the table, with why."""

import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.errors import CallLimited, PartnerTrouble, PullRefused, RefundRefused, UploadRefused
from integrations.abilities.ability import Matter, State
from integrations.abilities.drawing import overview
from integrations.abilities.table import CLIENTS, TABLE, TITLES
from integrations.payments import GatewayRefundStatus
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.payment import MoneyMovementRow
from tests.channels.dialects.all import DIALECTS
from tests.channels.dialects.dialect import CUP, LAMPS
from tests.channels.shop import NUMBERS, ShopThere
from tests.factories import LAMP, TEACUP

Open = Callable[[str], ShopThere]
FINDS = [name for name, dialect in DIALECTS.items() if Matter.REFUND_ASKED in dialect.words]
"""Platforms where money goes back through what the customer has opened; the others are asked by key."""


def over(*matters: Matter) -> Any:
    """The connected platforms that have all of these matters."""
    able = [name for name in DIALECTS if all(TABLE[name][matter].state is State.THERE for matter in matters)]
    return pytest.mark.parametrize("platform", able)


@over(Matter.PULL, Matter.UNPAID)
def test_an_order_is_created_and_then_paid(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.UNPAID)
    there.pull()
    before = there.heard()

    there.place(seconds_ago=-10)
    there.pull()

    assert (before, there.heard()) == ([], ["order.paid"])
    assert [(line.sku, line.quantity) for line in there.lines()] == [(LAMP, LAMPS), (TEACUP, CUP)]


@over(Matter.PULL, Matter.ADDRESS)
def test_the_address_is_changed(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.pull()
    before = there.order().receiver

    there.place(Matter.ADDRESS, seconds_ago=-10)
    there.pull()

    assert there.order().receiver != before
    assert "order.changed" in there.heard()


@over(Matter.PULL, Matter.CANCELS)
@pytest.mark.parametrize("picked", [False, True])
def test_an_order_is_canceled_before_and_after_the_pick(shop: Open, platform: str, picked: bool) -> None:
    there = shop(platform)
    there.place()
    there.pull()
    if picked:
        about = {"fulfillment_order_id": f"{there.order().order_id}-1", "order_id": there.order().order_id, "number": 1}
        with there.sessions.begin() as session:
            session.add(FulfillmentOrderRow(**about, location_id="HANGZHOU", reason="near", status="picked"))

    for seconds in (10, 11):
        there.place(Matter.CANCELS, seconds_ago=-seconds)
        there.pull()

    assert there.heard().count("order.cancel_requested") == 1


@over(Matter.PULL, Matter.PARTLY_SHIPPED)
def test_a_part_is_shipped_there(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.pull()

    there.place(Matter.PARTLY_SHIPPED, seconds_ago=-10)
    there.pull()

    [parcel] = there.parcels()
    assert 0 < sum(units for _, units in parcel.lines) < LAMPS + CUP
    assert "order.shipped_elsewhere" in there.heard()


@over(Matter.PULL, Matter.SHIPPED)
def test_all_is_shipped_there(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.SHIPPED)

    there.pull()

    assert [(line.elsewhere, line.quantity) for line in there.lines()] == [(LAMPS, LAMPS), (CUP, CUP)]


@over(Matter.PULL, Matter.REFUND_ASKED)
def test_a_refund_is_asked(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.pull()
    if there.dialect.asks:
        there.hear(there.body, asks=True)
    else:
        there.place(Matter.REFUND_ASKED, seconds_ago=-10)

    there.pull()

    assert there.heard().count("return.requested") == 1


@over(Matter.PULL, Matter.REFUNDED)
def test_a_part_is_refunded_there(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.pull()
    with there.sessions.begin() as session:
        # As its audit would, by the terms of its channel.
        session.execute(update(OrderRow).values(payment_terms="platform"))

    for seconds in (10, 11):
        there.place(Matter.REFUNDED, seconds_ago=-seconds)
        there.pull()

    with there.sessions() as session:
        back = [row.amount_minor for row in session.query(MoneyMovementRow).filter_by(kind="refunded")]
    assert back == [1000]


@over(Matter.PUSH)
def test_a_push_that_comes_twice_is_taken_once(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()

    there.hear(there.body)
    there.hear(there.body)
    there.pull()

    assert there.order().channel_order_id == str(there.number)
    assert len({row.digest for row in there.intakes()}) == len(there.intakes())
    assert there.heard() == list(dict.fromkeys(there.heard()))


@over(Matter.PUSH, Matter.CANCELS)
def test_pushes_in_the_wrong_order_leave_the_later_state(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    early = there.body
    there.place(Matter.ADDRESS, seconds_ago=10)

    there.hear(there.body)
    there.pull()
    later = there.order().receiver
    there.hear(early)
    there.pull()

    assert there.order().receiver == later


@over(Matter.PULL)
def test_an_order_that_changes_between_two_pages_hides_no_other(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.open_account(page_size=2)
    numbers = [there.number, *(next(NUMBERS) for _ in range(4))]
    for seconds, there.number in enumerate(numbers):
        there.place(seconds_ago=200 - seconds)
    there.trouble(changing=str(numbers[2]))

    there.pull()
    there.pull()

    assert there.known() == [str(number) for number in numbers]


@over(Matter.PULL)
def test_a_limit_of_the_platform_pauses_and_loses_nothing(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.trouble(limited=1, retry_after=2)

    with pytest.raises(CallLimited):
        there.pull()
    there.now += timedelta(minutes=2)
    there.pull()

    assert there.known() == [str(there.number)]


@over(Matter.PULL)
def test_a_platform_that_fails_and_one_that_refuses_our_keys_are_told_apart(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.trouble(failing=1)
    with pytest.raises(PartnerTrouble):
        there.pull()
    there.pull()

    there.open_account(wrong=True)
    with pytest.raises(PullRefused) as refused:
        there.pull()

    assert (there.known(), str(refused.value)) == ([str(there.number)], "not_allowed")


@over(Matter.RECONCILE)
def test_an_order_whose_push_was_lost_is_found_at_night(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.pull()
    there.place(seconds_ago=90_000)
    there.pull()

    there.compare()

    assert there.order().channel_order_id == str(there.number)


@over(Matter.PULL)
def test_an_order_of_a_thousand_lines_is_whole(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(skus=[f"BUTTON-{number}" for number in range(1_000)])

    there.pull()

    assert [line.sku for line in there.lines()] == [f"BUTTON-{number}" for number in range(1_000)]


@over(Matter.PULL, Matter.TESTS)
def test_a_test_order_is_marked(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.TESTS)

    there.pull()

    assert there.order().test


@over(Matter.PULL, Matter.GIFTS)
def test_a_gift_is_marked(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.GIFTS)

    there.pull()

    assert [line.gift for line in there.lines()] == [False, True]


@over(Matter.PULL, Matter.MASKED)
def test_a_masked_receiver_keeps_the_platforms_token(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.MASKED)

    there.pull()

    assert there.order().receiver_token
    assert "*" in there.order().receiver["name"]


@over(Matter.PULL)
def test_a_line_of_a_sku_that_nobody_knows_is_kept(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(skus=["NO-SUCH-SKU"])

    there.pull()

    assert [line.sku for line in there.lines()] == ["NO-SUCH-SKU"]
    assert [row.status for row in there.intakes()] == ["taken"]


@over(Matter.STOCK)
def test_stock_goes_to_zero_and_back(shop: Open, platform: str) -> None:
    there = shop(platform)

    for units in (7, 0, 0, 5):
        assert there.push(units).refused == {}
        assert there.shown()[there.dialect.listing] == units


@over(Matter.SHIPMENTS)
def test_a_parcel_is_reported_once_though_the_answer_is_lost(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    first, second = there.dialect.line_ids(there.body)
    there.trouble(lost=1)

    with pytest.raises(PartnerTrouble):
        there.upload(1, {first: LAMPS, second: CUP}, whole=True)
    there.upload(1, {first: LAMPS, second: CUP}, whole=True)

    assert there.shipped() == [f"{there.number}1"]


@over(Matter.SHIPMENTS, Matter.UNPAID)
def test_an_unpaid_order_is_refused_by_a_code(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.UNPAID)
    first, second = there.dialect.line_ids(there.body)

    with pytest.raises(UploadRefused) as refused:
        there.upload(1, {first: LAMPS, second: CUP}, whole=True)

    assert refused.value.code
    assert there.shipped() == []


@over(Matter.SHIPMENTS, Matter.PARCELS)
def test_an_order_leaves_in_two_parcels(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    first, second = there.dialect.line_ids(there.body)

    there.upload(1, {first: LAMPS})
    there.upload(2, {second: CUP})
    there.upload(2, {second: CUP})

    assert there.shipped() == [f"{there.number}1", f"{there.number}2"]


@over(Matter.REFUNDS)
def test_money_goes_back_once_though_the_answer_is_lost(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(*([Matter.REFUND_ASKED] if Matter.REFUND_ASKED in there.dialect.words else []))
    currency = "USD" if platform == "shopify" else "CNY"
    there.trouble(lost=1)

    with pytest.raises(PartnerTrouble):
        there.refund("key-1", 1000, currency)
    answers = [there.refund("key-1", 1000, currency) for _ in range(2)]

    assert len({answer.refund_id for answer in answers}) == 1
    assert {answer.status for answer in answers} <= {GatewayRefundStatus.SUCCEEDED, GatewayRefundStatus.PENDING}


@pytest.mark.parametrize("platform", [name for name in FINDS if name in CLIENTS[Matter.REFUNDS]])
def test_a_booked_refund_is_no_answer_to_another_of_the_same_amount(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place(Matter.REFUND_ASKED)
    first = there.refund("key-1", 1000, "CNY")

    for minor, booked in ((1000, first.refund_id), (999, "")):
        with pytest.raises(RefundRefused, match="no_after_sale"):
            there.refund("key-2", minor, "CNY", booked)


@pytest.mark.parametrize("platform", TABLE)
def test_the_table_says_of_every_matter_what_is_there_and_why_not(platform: str) -> None:
    abilities = TABLE[platform]

    assert set(abilities) == set(Matter)
    assert all(ability.what for ability in abilities.values())
    assert all(ability.source for ability in abilities.values() if ability.state is State.NOT_THERE)
    built = {matter: platform in clients for matter, clients in CLIENTS.items()}
    assert {matter: abilities[matter].state is State.THERE for matter in CLIENTS} == built


def test_a_platform_is_connected_when_it_is_in_the_stories() -> None:
    assert set(DIALECTS) == {name for name in TABLE if TABLE[name][Matter.PULL].state is State.THERE}
    said: Iterable[Matter] = (Matter.UNPAID, Matter.CANCELS, Matter.ADDRESS, Matter.SHIPPED, Matter.PARTLY_SHIPPED)
    for name, dialect in DIALECTS.items():
        there = [one for one in said if TABLE[name][one].state is State.THERE]
        assert set(there) <= set(dialect.words), name


def test_the_table_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{overview(TABLE, TITLES)}\n")
