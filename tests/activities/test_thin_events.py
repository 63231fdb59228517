"""Thin events: the order that a webhook names is fetched, and the intake records the outcome."""

import json
from collections.abc import Iterator

import pytest

from activities.pull import PullRequest
from domain.errors import CallLimited
from models.channel import IntakeRow
from models.database import Sessions
from record.channels.accounts import find_account
from record.channels.intake_writer import ChannelWriter
from record.channels.intakes import Arrival
from record.channels.reading import read_webhook
from tests.activities.platforms import CHANNEL, Platform, platform
from tests.factories import everything_in

REQUEST = PullRequest(CHANNEL)


@pytest.fixture
def taobao(sessions: Sessions) -> Iterator[Platform]:
    with platform("taobao", sessions) as there:
        yield there


def hear(there: Platform, topic: str, tid: str) -> str:
    """Store a message of the platform as a waiting intake; return the id."""
    account = find_account(there.sessions, CHANNEL)
    assert account is not None
    raw = json.dumps({"topic": topic, "id": f"M-{tid}", "content": json.dumps({"tid": tid})}).encode()
    arrival = Arrival("webhook", "taobao", CHANNEL, raw, {}, read_webhook(account, {}, raw))
    [intake] = ChannelWriter(there.sessions)([arrival])
    assert intake.status == "waiting"
    return intake.intake_id


def find(there: Platform, intake_id: str) -> IntakeRow:
    with there.sessions() as session:
        return session.get_one(IntakeRow, intake_id)


def test_the_order_named_by_a_thin_event_is_fetched(taobao: Platform) -> None:
    tid = taobao.put(201)
    heard = hear(taobao, "taobao_trade_TradeCreate", tid)

    answer = taobao.pulling.fetch_waiting(REQUEST)

    assert (answer.fetched, answer.more, taobao.orders()) == (1, False, [tid])
    intake = find(taobao, heard)
    assert (intake.status, intake.channel_order_id, intake.reason) == ("taken", tid, None)
    once = everything_in(taobao.sessions)
    assert taobao.pulling.fetch_waiting(REQUEST).fetched == 0
    assert everything_in(taobao.sessions) == once


def test_a_new_address_announced_by_a_thin_event_is_taken(taobao: Platform) -> None:
    tid = taobao.put(202)
    taobao.pull()
    taobao.put(202, receiver_address="another road 9")
    hear(taobao, "taobao_trade_TradeLogisticsAddressChanged", tid)

    taobao.pulling.fetch_waiting(REQUEST)

    [changed] = [row for row in everything_in(taobao.sessions)["partner_events"] if row["type"] == "order.changed"]
    assert changed["subject"] == f"{CHANNEL}/{tid}"
    assert [row.kind for row in taobao.intakes()] == ["paid", "thin", "address_changed"]


def test_a_thin_event_for_an_unknown_order_is_rejected_with_its_field(taobao: Platform) -> None:
    heard = hear(taobao, "taobao_trade_TradeBuyerPay", "203")

    taobao.pulling.fetch_waiting(REQUEST)

    intake = find(taobao, heard)
    assert (intake.status, intake.field) == ("rejected", "wanted[0].order_id")


def test_a_thin_event_for_a_deleted_canceled_order_is_ignored(taobao: Platform) -> None:
    heard = hear(taobao, "taobao_trade_TradeClose", "204")

    taobao.pulling.fetch_waiting(REQUEST)

    assert find(taobao, heard).status == "ignored"


def test_a_thin_event_for_an_unreadable_order_is_rejected_with_its_field(taobao: Platform) -> None:
    heard = hear(taobao, "taobao_trade_TradeCreate", taobao.put(205, payment="much"))

    taobao.pulling.fetch_waiting(REQUEST)

    intake = find(taobao, heard)
    assert (intake.status, intake.field) == ("rejected", "trade_fullinfo_get_response.trade.payment")


def test_a_rate_limit_leaves_the_other_events_waiting(taobao: Platform) -> None:
    heard = [hear(taobao, "taobao_trade_TradeCreate", taobao.put(number)) for number in (206, 207)]
    taobao.trouble(allowed=1, limited=1, retry_after=9)

    with pytest.raises(CallLimited):
        taobao.pulling.fetch_waiting(REQUEST)

    assert [find(taobao, one).status for one in heard] == ["taken", "waiting"]


def test_an_order_that_cannot_be_fetched_delays_no_other(taobao: Platform) -> None:
    heard = [hear(taobao, "taobao_trade_TradeCreate", taobao.put(number)) for number in (208, 209)]
    taobao.trouble(broken="208")

    answer = taobao.pulling.fetch_waiting(REQUEST)

    assert (answer.fetched, answer.more) == (1, False)
    assert [find(taobao, one).status for one in heard] == ["waiting", "taken"]
    taobao.trouble(broken="")
    assert taobao.pulling.fetch_waiting(REQUEST).fetched == 1
