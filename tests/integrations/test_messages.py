"""The message client against the simulated recipients."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from domain.errors import PartnerTrouble
from integrations.http import PartnerHttp
from integrations.messages import NOT_ACCEPTED, Handover, MessageInbox
from tests.integrations.servers import SECRET, serving


@contextmanager
def answering(body: Mapping[str, Any]) -> Iterator[PartnerHttp]:
    """A partner that gives the same answer to every call."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await Request(scope, receive).body()
            await JSONResponse(body)(scope, receive, send)

    with serving(app) as address:
        client = PartnerHttp("odd", address, SECRET)
        yield client
        client.close()


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
def test_messages_are_taken_in_order(partner: Callable[[str], PartnerHttp], ask: httpx2.Client, name: str) -> None:
    # given
    messages = [message(f"{name}-1", "ORDER-TOLD"), message(f"{name}-2", "ORDER-TOLD")]

    # when
    handover = MessageInbox(partner(name)).deliver(messages)

    # then
    taken = ask.get(f"/{name}/messages", params={"order_id": "ORDER-TOLD"}).json()["messages"]
    assert handover == Handover(frozenset({f"{name}-1", f"{name}-2"}))
    assert [each["message_id"] for each in taken] == [f"{name}-1", f"{name}-2"]


def test_a_repeated_message_is_accepted_and_kept_once(inbox: MessageInbox, ask: httpx2.Client) -> None:
    # given
    inbox.deliver([message("M-AGAIN", "ORDER-AGAIN")])

    # when
    handover = inbox.deliver([message("M-AGAIN", "ORDER-AGAIN")])

    # then
    (taken,) = ask.get("/inbox/messages", params={"order_id": "ORDER-AGAIN"}).json()["messages"]
    assert handover.taken == {"M-AGAIN"}
    assert taken["times_received"] == 2


def test_without_messages_no_call_is_made() -> None:
    # given
    nobody = MessageInbox(PartnerHttp("inbox", "http://127.0.0.1:9", SECRET))

    # when / then
    assert nobody.deliver([]) == Handover()


def test_a_refused_message_holds_up_only_later_ones_of_its_order(inbox: MessageInbox, ask: httpx2.Client) -> None:
    # given
    wrong = message("M-WRONG", "ORDER-WRONG") | {"milestone": ""}
    behind, other = message("M-BEHIND", "ORDER-WRONG"), message("M-OTHER", "ORDER-OTHER")

    # when
    handover = inbox.deliver([wrong, behind, other])

    # then
    assert handover == Handover(frozenset({"M-OTHER"}), {"ORDER-WRONG": "refused: invalid_body"})
    assert ask.get("/inbox/messages", params={"order_id": "ORDER-WRONG"}).json()["messages"] == []


def test_messages_behind_one_that_was_not_taken_do_not_count_as_taken() -> None:
    # given a partner that takes the second of two messages of an order
    with answering({"accepted": ["M-2", "M-3", "M-NOBODY-SENT"]}) as odd:
        messages = [message("M-1", "ORDER-ODD"), message("M-2", "ORDER-ODD"), message("M-3", "ORDER-EVEN")]

        # when
        handover = MessageInbox(odd).deliver(messages)

    # then both come again
    assert handover == Handover(frozenset({"M-3"}), {"ORDER-ODD": NOT_ACCEPTED})


def test_a_slow_erp_times_out_but_keeps_the_message_once(simulators: str, ask: httpx2.Client) -> None:
    # given
    erp = MessageInbox(PartnerHttp("erp", f"{simulators}/erp", SECRET, timeout_seconds=0.2))

    # when
    with pytest.raises(PartnerTrouble, match="ReadTimeout"):
        erp.deliver([message("M-SLOW", "ORDER-SLOW", "TM-SLOW-ERP-1")])

    # then
    (taken,) = ask.get("/erp/messages", params={"order_id": "ORDER-SLOW"}).json()["messages"]
    assert taken["message_id"] == "M-SLOW"
