"""The message client against those who are told of milestones."""

from collections.abc import Callable

import httpx2
import pytest

from domain.errors import MessageRefused, PartnerTrouble
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from tests.integrations.servers import SECRET


def message(message_id: str, order_id: str, channel_order_id: str = "TM-1") -> dict[str, object]:
    return {
        "message_id": message_id,
        "milestone": "shipped",
        "order_id": order_id,
        "channel": "tmall",
        "channel_order_id": channel_order_id,
        "occurred_at": "2026-03-01T08:00:00Z",
        "data": {"waybill": "123"},
    }


@pytest.mark.parametrize("name", ["erp", "crm", "inbox", "channel"])
def test_messages_are_taken_in_their_order(
    partner: Callable[[str], PartnerHttp], ask: httpx2.Client, name: str
) -> None:
    # given
    messages = [message(f"{name}-1", "ORDER-TOLD"), message(f"{name}-2", "ORDER-TOLD")]

    # when
    accepted = MessageInbox(partner(name)).deliver(messages)

    # then
    taken = ask.get(f"/{name}/messages", params={"order_id": "ORDER-TOLD"}).json()["messages"]
    assert accepted == {f"{name}-1", f"{name}-2"}
    assert [each["message_id"] for each in taken] == [f"{name}-1", f"{name}-2"]


def test_a_message_that_comes_twice_is_accepted_again_and_taken_once(inbox: MessageInbox, ask: httpx2.Client) -> None:
    # given
    inbox.deliver([message("M-AGAIN", "ORDER-AGAIN")])

    # when
    accepted = inbox.deliver([message("M-AGAIN", "ORDER-AGAIN")])

    # then
    (taken,) = ask.get("/inbox/messages", params={"order_id": "ORDER-AGAIN"}).json()["messages"]
    assert accepted == {"M-AGAIN"}
    assert taken["times_received"] == 2


def test_no_messages_are_no_call() -> None:
    # given
    nobody = MessageInbox(PartnerHttp("inbox", "http://127.0.0.1:9", SECRET))

    # when / then
    assert nobody.deliver([]) == set()


def test_a_message_without_an_order_is_refused(inbox: MessageInbox) -> None:
    # given
    incomplete = message("M-INCOMPLETE", "ORDER-INCOMPLETE")
    del incomplete["order_id"]

    # when
    with pytest.raises(MessageRefused) as refused:
        inbox.deliver([incomplete])

    # then
    assert refused.value.detail == "messages[0].order_id is missing"


def test_a_slow_erp_is_trouble_but_takes_the_message_once(simulators: str, ask: httpx2.Client) -> None:
    # given
    erp = MessageInbox(PartnerHttp("erp", f"{simulators}/erp", SECRET, timeout_seconds=0.2))

    # when
    with pytest.raises(PartnerTrouble, match="ReadTimeout"):
        erp.deliver([message("M-SLOW", "ORDER-SLOW", "TM-SLOW-ERP-1")])

    # then
    (taken,) = ask.get("/erp/messages", params={"order_id": "ORDER-SLOW"}).json()["messages"]
    assert taken["message_id"] == "M-SLOW"
