"""Pulling orders from both platforms over a socket: nothing is lost or doubled, whatever happens meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.testing import ActivityEnvironment

from activities import pull
from activities.pull import PullRequest
from domain.errors import CallLimited, PartnerTrouble, PullRefused
from integrations.abilities.ability import Matter
from integrations.channels.translated import Shop
from integrations.uploads.registry import connect_uploader
from integrations.uploads.settings import read_upload_settings
from integrations.uploads.uploader import ParcelUpload
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import OrderRow
from record.channels.intake_writer import ChannelWriter
from tests.activities.platforms import ACCESS, CHANNEL, PATHS, Platform, platform
from tests.channels.dialects.all import DIALECTS
from tests.factories import everything_in, stock_shop

REQUEST = PullRequest(CHANNEL)


@pytest.fixture(params=["shopify", "taobao"])
def there(request: pytest.FixtureRequest, sessions: Sessions) -> Iterator[Platform]:
    with platform(request.param, sessions) as opened:
        yield opened


def test_every_page_is_taken_in(there: Platform) -> None:
    ids = [there.put(number, seconds_ago=700 - number) for number in range(101, 108)]

    answers = there.pull()

    assert there.orders() == ids
    assert sum(answer.new for answer in answers) == 7
    assert max(answer.listed for answer in answers) == 2
    assert {(row.source, row.status) for row in there.intakes()} == {("pull", "taken")}
    assert there.place().pulled_to == there.now - timedelta(seconds=5)


def test_pulling_an_unchanged_order_again_changes_nothing(there: Platform) -> None:
    there.put(101, seconds_ago=20)
    there.pull()
    before = everything_in(there.sessions)
    asked = there.asked()

    answers = there.pull()

    after = everything_in(there.sessions)
    assert sum(answer.listed for answer in answers) == 1
    assert {name for name in after if after[name] != before[name]} == {"channel_pulls"}
    assert there.asked().get("101") == asked.get("101")


def test_a_later_state_of_an_order_changes_the_order(there: Platform) -> None:
    there.put(101, seconds_ago=600)
    there.pull()
    there.now += timedelta(minutes=10)
    changed: dict[str, Any] = (
        {"cancelled_at": there.now.isoformat()} if there.name == "shopify" else {"status": "TRADE_CLOSED"}
    )
    there.put(101, seconds_ago=300, **changed)

    there.pull()

    assert there.orders() == ["101"]
    assert [row.kind for row in there.intakes()] == ["paid", "canceled"]
    events = everything_in(there.sessions)["partner_events"]
    assert [event["type"] for event in events].count("order.cancel_requested") == 1


def test_what_was_over_when_the_first_pull_began_is_of_the_past(there: Platform) -> None:
    # given an account that wants three weeks, with an old order that was shipped and one that was not
    there.open_account(since=(there.now - timedelta(days=21)).isoformat())
    there.put(101, 15 * 86_400, Matter.SHIPPED)
    there.put(102, seconds_ago=10 * 86_400)
    there.pull()

    # when a later one is shipped by the platform itself, and the old one is pulled again
    there.now += timedelta(minutes=10)
    there.put(103, 60, Matter.SHIPPED)
    there.put(101, 50, Matter.SHIPPED)
    there.pull()

    # then only the old one is a record of the past
    orders = {row["channel_order_id"]: row for row in everything_in(there.sessions)["orders"]}
    assert {name: (row["past"], row["status"]) for name, row in orders.items()} == {
        "101": (True, "completed"),
        "102": (False, "received"),
        "103": (False, "received"),
    }
    lines = [
        line for line in everything_in(there.sessions)["order_lines"] if line["order_id"] == orders["103"]["order_id"]
    ]
    assert [line["elsewhere"] for line in lines] == [line["quantity"] for line in lines]


def test_parcels_that_we_reported_are_pulled_back_as_ours(sessions: Sessions) -> None:
    with platform("shopify", sessions) as there:
        # given an order that left in two parcels of ours, of which the platform has heard
        stock_shop(sessions, {"HANGZHOU": {}})
        there.put(101, seconds_ago=60)
        there.pull()
        upload = read_upload_settings(
            "shopify", ACCESS["shopify"] | {"url": f"{there.client.base_url}{PATHS['shopify']}"}
        )
        uploader = connect_uploader("shopify", upload, Shop(CHANNEL))
        items = DIALECTS["shopify"].order(101, there.now)["line_items"]
        for number, item in enumerate(items, 1):
            leave(sessions, number, f"1Z-{number}", item["sku"], item["quantity"])
            line = [(str(item["id"]), item["quantity"])]
            uploader.upload(ParcelUpload(f"up-{number}", "101", "UPS", f"1Z-{number}", there.now, line, whole=False))

        # when it is pulled
        there.now += timedelta(minutes=10)
        there.pull()

        # then nothing of it is fulfilled elsewhere
        rows = everything_in(sessions)
        assert [intake.status for intake in there.intakes()] == ["taken", "taken"]
        assert (rows["parcels_elsewhere"], {line["elsewhere"] for line in rows["order_lines"]}) == ([], {0})


def leave(sessions: Sessions, number: int, waybill: str, sku: str, units: int) -> None:
    """A parcel of the only order leaves us."""
    with sessions.begin() as session:
        order_id = session.scalars(select(OrderRow.order_id)).one()
        name = f"{order_id}-{number}"
        session.add(ShipmentRow(shipment_id=name, carrier="UPS", waybill=waybill, tracking_status="in_transit"))
        session.flush()
        about = {"order_id": order_id, "number": number, "location_id": "HANGZHOU", "reason": "near"}
        left = {"status": "shipped", "shipment_id": name, "shipped_at": datetime.now(UTC)}
        session.add(FulfillmentOrderRow(fulfillment_order_id=name, **about, **left))
        session.flush()
        session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=units, allocated=0))


@pytest.mark.parametrize("changing", [101, 102, 103, 104, 105])
def test_an_order_changed_between_two_pages_hides_no_other(there: Platform, changing: int) -> None:
    ids = [there.put(number, seconds_ago=700 - number) for number in range(101, 106)]
    there.trouble(changing=str(changing))

    there.pull()
    there.now += timedelta(minutes=1)
    there.pull()

    assert there.orders() == ids


@pytest.mark.parametrize("ahead", [-50, 50])
def test_a_platform_whose_clock_is_wrong_loses_nothing(there: Platform, ahead: int) -> None:
    there.open_account(overlap=0)
    there.trouble(clock_seconds=ahead)
    there.put(101, seconds_ago=-ahead + 10)
    there.pull()
    # Placed after that pull, though by the platform's clock it may be before.
    there.put(102, seconds_ago=-ahead)

    there.now += timedelta(seconds=90)
    there.pull()

    assert there.orders() == ["101", "102"]


def test_a_rate_limit_pauses_all_callers(there: Platform) -> None:
    there.put(101)
    there.trouble(limited=1, retry_after=40)

    with pytest.raises(CallLimited) as first:
        there.pulling.pull_page(REQUEST)
    asked = there.asked()
    with pytest.raises(CallLimited) as second:
        there.pulling.pull_page(REQUEST)

    assert (first.value.retry_after, second.value.retry_after) == (40, 40)
    assert there.asked() == asked
    there.now += timedelta(seconds=41)
    there.pull()
    assert (there.orders(), there.place().not_before) == (["101"], None)


def test_orders_fetched_before_a_rate_limit_are_not_fetched_again(sessions: Sessions) -> None:
    with platform("taobao", sessions) as there:
        there.open_account(page_size=10)
        ids = [there.put(number, seconds_ago=700 - number) for number in range(101, 106)]
        # Four calls: the number of trades, the list, and two whole trades.
        there.trouble(allowed=4, limited=1, retry_after=3)

        with pytest.raises(CallLimited):
            there.pulling.pull_page(REQUEST)
        assert (len(there.orders()), there.place().pulled_to) == (2, None)
        there.now += timedelta(seconds=4)
        there.pull()

        assert there.orders() == ids
        assert [there.asked()[number] for number in ids] == [1] * 5


def test_an_order_that_the_platform_never_serves_blocks_no_other(sessions: Sessions) -> None:
    with platform("taobao", sessions) as there:
        for number in (101, 102, 103):
            there.put(number, seconds_ago=700 - number)
        there.trouble(broken="101")
        patient = ActivityEnvironment()
        patient.info = replace(patient.info, attempt=6)

        with pytest.raises(PartnerTrouble):
            there.pulling.pull_page(REQUEST)
        while patient.run(there.pulling.pull_page, REQUEST).more:
            pass

        assert there.orders() == ["102", "103"]
        [missing] = everything_in(sessions)["missing_orders"]
        assert (missing["channel"], missing["channel_order_id"]) == (CHANNEL, "101")


def test_a_server_that_fails_once_is_asked_again(there: Platform) -> None:
    there.put(101)
    there.trouble(failing=1)

    with pytest.raises(PartnerTrouble):
        there.pulling.pull_page(REQUEST)

    assert there.place().last_error
    there.pull()
    assert (there.orders(), there.place().last_error) == (["101"], None)


def test_a_crash_between_the_orders_and_the_cursor_doubles_nothing(
    there: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [there.put(number, seconds_ago=700 - number) for number in range(101, 104)]
    whole = pull.Pull._go_on

    def dies(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pull.Pull, "_go_on", dies)
    with pytest.raises(KeyboardInterrupt):
        there.pulling.pull_page(REQUEST)
    assert (there.place().pulled_to, there.place().page) == (None, "")
    monkeypatch.setattr(pull.Pull, "_go_on", whole)

    there.pull()

    assert there.orders() == ids
    assert [row.tries for row in there.intakes()] == [1, 1, 1]


def test_a_crash_between_an_order_and_its_intake_is_repaired(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    there.put(101)
    whole = ChannelWriter.__call__

    def dies(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ChannelWriter, "__call__", dies)
    with pytest.raises(KeyboardInterrupt):
        there.pulling.pull_page(REQUEST)
    monkeypatch.setattr(ChannelWriter, "__call__", whole)
    assert (there.orders(), there.intakes()) == (["101"], [])

    there.pull()

    assert there.orders() == ["101"]
    assert [row.status for row in there.intakes()] == ["taken"]


def test_a_bad_order_is_rejected_with_its_field_and_the_others_are_taken(there: Platform) -> None:
    lines = {"line_items": []} if there.name == "shopify" else {"orders": {"order": []}}
    there.put(101, seconds_ago=601)
    there.put(102, seconds_ago=600, **lines)
    there.put(103, seconds_ago=599)

    answers = there.pull()

    assert there.orders() == ["101", "103"]
    assert sum(answer.rejected for answer in answers) == 1
    [bad] = [row for row in there.intakes() if row.status == "rejected"]
    fields = {"shopify": "line_items", "taobao": "trade_fullinfo_get_response.trade.orders.order"}
    assert (bad.source, bad.field) == ("pull", fields[there.name])


def test_a_wrong_token_is_reported_and_not_retried(there: Platform) -> None:
    there.open_account(token="another")

    with pytest.raises(PullRefused):
        there.pulling.pull_page(REQUEST)

    assert there.place().last_error == "not_allowed"


def test_an_account_with_pulling_disabled_is_not_called(there: Platform) -> None:
    there.open_account(enabled=False)

    with pytest.raises(PullRefused):
        there.pulling.pull_page(REQUEST)

    assert there.asked() == {}


def test_a_pull_after_days_catches_up_in_windows(there: Platform) -> None:
    there.open_account(first=4 * 86_400)
    ids = [there.put(101 + day, seconds_ago=(3 - day) * 86_400 + 600) for day in range(4)]

    there.pull()

    assert there.orders() == ids


def test_a_window_is_begun_again_when_the_platform_forgot_its_page(sessions: Sessions) -> None:
    with platform("shopify", sessions) as there:
        ids = [there.put(number, seconds_ago=700 - number) for number in range(101, 106)]
        there.pulling.pull_page(REQUEST)
        with sessions.begin() as session:
            session.merge(there.place()).page = "no-cursor"

        there.pull()

        assert there.orders() == ids


def test_an_unreachable_platform_raises_partner_trouble(there: Platform) -> None:
    there.open_account(url="http://127.0.0.1:9/nothing")

    with pytest.raises(PartnerTrouble, match="ConnectError"):
        there.pulling.pull_page(REQUEST)
