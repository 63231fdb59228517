"""The simulators' webhooks: order, repeats and giving up."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from integrations.http import PartnerHttp
from integrations.wms import Wms
from simulators.callbacks import Callbacks, Event
from tests.integrations.servers import SECRET, Receiver, eventually, serving, simulating
from tests.integrations.test_wms import TWO_LAMPS, names, work

SECRETS = {"erp": SECRET}


def event(number: str) -> Event:
    return Event("erp", number, "stock.received", {"receipt_id": number}, datetime.now(UTC))


def test_a_refused_event_is_sent_again_before_the_next_one(wms: Wms, receiver: Receiver) -> None:
    # given
    receiver.wait_for_silence()
    receiver.refuse_next, receiver.refused = 2, 0

    # when
    wms.pick(work("FO-PATIENT"), "FO-PATIENT:pick")

    # then
    assert names(receiver.wait_for("FO-PATIENT", 3)) == ["picking", "picked", "packed"]
    assert receiver.refused == 2


def test_duplicate_webhook_sends_each_event_twice_with_the_same_id(wms: Wms, receiver: Receiver) -> None:
    # given / when
    wms.pick(work("FO-DOUBLE", channel_order_id="TM-DUPLICATE-WEBHOOK-1"), "FO-DOUBLE:pick")

    # then
    events = receiver.wait_for("FO-DOUBLE", 6)
    assert names(events) == ["picking", "picking", "picked", "picked", "packed", "packed"]
    assert len({each.webhook_id for each in events}) == 3


def test_with_a_step_length_of_zero_everything_happens_at_once(receiver: Receiver, receiver_url: str) -> None:
    # given
    with simulating(receiver_url, step_seconds=0) as address:
        http = PartnerHttp("wms", f"{address}/wms", SECRET)

        # when
        Wms(http).pick(work("FO-AT-ONCE", TWO_LAMPS), "FO-AT-ONCE:pick")

        # then
        assert names(receiver.wait_for("FO-AT-ONCE", 3)) == ["picking", "picked", "packed"]
        http.close()


def test_the_step_length_can_be_changed_while_partners_work(receiver: Receiver, receiver_url: str) -> None:
    # given partners whose steps take an hour
    with simulating(receiver_url, step_seconds=3600) as address:
        http = PartnerHttp("wms", f"{address}/wms", SECRET)

        # when
        refused = httpx2.put(f"{address}/pace", json={"step_seconds": -1})
        httpx2.put(f"{address}/pace", json={"step_seconds": 0}).raise_for_status()
        Wms(http).pick(work("FO-HURRIED", TWO_LAMPS), "FO-HURRIED:pick")

        # then
        assert refused.status_code == 422
        assert names(receiver.wait_for("FO-HURRIED", 3)) == ["picking", "picked", "packed"]
        http.close()


def test_opening_a_case_sends_return_requested(ask: httpx2.Client, receiver: Receiver) -> None:
    # given
    case = {
        "case_id": "CASE-1",
        "channel": "tmall",
        "channel_order_id": "TM-1",
        "reason": "too dark",
        "lines": [{"line_no": 1, "quantity": 1}],
    }

    # when
    ask.post("/crm/cases", json=case)

    # then
    (received,) = receiver.wait_for("CASE-1", 1)
    assert (received.partner, received.type, received.data) == ("crm", "return.requested", case)


def test_a_receipt_sends_stock_received(ask: httpx2.Client, receiver: Receiver) -> None:
    # given
    receipt = {"receipt_id": "REC-1", "location_id": "HANGZHOU", "lines": TWO_LAMPS}

    # when
    ask.post("/erp/receipts", json=receipt)

    # then
    (received,) = receiver.wait_for("REC-1", 1)
    assert (received.partner, received.type, received.data) == ("erp", "stock.received", receipt)


async def test_events_wait_until_the_receiver_is_up() -> None:
    # given
    receiver = Receiver()
    with serving(receiver) as address:
        port = int(address.rpartition(":")[2])
    callbacks = Callbacks(f"http://127.0.0.1:{port}/webhooks", SECRETS)

    # when
    callbacks.tell("stream", event("REC-EARLY-1"))
    callbacks.tell("stream", event("REC-EARLY-2"))
    await asyncio.sleep(0.05)
    with serving(receiver, port):
        await asyncio.to_thread(eventually, lambda: len(receiver.events) == 2)
        await callbacks.close()

    # then
    assert [each.webhook_id for each in receiver.events] == ["REC-EARLY-1", "REC-EARLY-2"]


async def test_an_event_is_sent_again_after_a_failure_of_any_kind(
    receiver: Receiver, receiver_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a connection that is cut while it opens, which the client does not foresee
    callbacks, post, cut = Callbacks(receiver_url, SECRETS), httpx2.AsyncClient.post, ["cut"]

    async def post_or_fail(client: httpx2.AsyncClient, url: str, **request: Any) -> httpx2.Response:
        if cut:
            raise AttributeError(cut.pop())
        return await post(client, url, **request)

    monkeypatch.setattr(httpx2.AsyncClient, "post", post_or_fail)

    # when
    callbacks.tell("stream", event("REC-CUT-1"))
    callbacks.tell("stream", event("REC-CUT-2"))

    # then
    def taken() -> list[str]:
        return [each.webhook_id for each in receiver.events if each.webhook_id.startswith("REC-CUT")]

    await asyncio.to_thread(eventually, lambda: len(taken()) == 2)
    await callbacks.close()
    assert taken() == ["REC-CUT-1", "REC-CUT-2"]


async def test_an_event_that_is_never_taken_is_dropped_and_the_next_one_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given a receiver that refuses both together, and the first twice
    receiver = Receiver()
    receiver.refuse_next = 3
    with serving(receiver) as address:
        callbacks = Callbacks(f"{address}/webhooks", SECRETS, patience_seconds=0.2)

        # when
        callbacks.tell("stream", event("REC-REFUSED"))
        callbacks.tell("stream", event("REC-TAKEN"))
        await asyncio.to_thread(eventually, lambda: len(receiver.events) == 1)
        await callbacks.close()

    # then
    assert receiver.events[0].webhook_id == "REC-TAKEN"
    assert "gave up: erp stock.received REC-REFUSED" in caplog.text


async def test_events_that_wait_together_are_sent_together_and_in_order() -> None:
    # given
    receiver = Receiver()
    with serving(receiver) as address:
        callbacks = Callbacks(f"{address}/webhooks", SECRETS)

        # when
        for number in ("REC-1", "REC-2", "REC-3"):
            callbacks.tell("stream", event(number))
        await asyncio.to_thread(eventually, lambda: len(receiver.events) == 3)
        await callbacks.close()

    # then
    assert [each.webhook_id for each in receiver.events] == ["REC-1", "REC-2", "REC-3"]
    assert receiver.calls == 1
