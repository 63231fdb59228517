"""Troubles of whole partners: what each kind does, and that it can be switched off."""

import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from domain.errors import PartnerTrouble
from integrations.http import PartnerHttp
from integrations.messages import Handover, MessageInbox
from integrations.payments import Payments
from integrations.wms import Wms
from simulators.settings import PARTNERS
from tests.integrations.servers import Receiver
from tests.integrations.test_messages import message
from tests.integrations.test_wms import work


@pytest.fixture
def trouble(ask: httpx2.Client) -> Iterator[Callable[..., None]]:
    def put(partner: str, kind: str, **how: float) -> None:
        ask.put(f"/{partner}/trouble", json={"kind": kind, **how}).raise_for_status()

    yield put
    for partner in PARTNERS:
        put(partner, "none")


@pytest.mark.parametrize("partner_name", PARTNERS)
def test_every_partner_can_be_down_and_recovers(
    ask: httpx2.Client, trouble: Callable[..., None], partner: Callable[[str], PartnerHttp], partner_name: str
) -> None:
    # given
    trouble(partner_name, "down")

    # when
    with pytest.raises(PartnerTrouble, match="answered 503"):
        MessageInbox(partner(partner_name)).deliver([message("M-DOWN", "ORDER-DOWN")])

    # then unsigned reads still work and count the calls that met it
    assert ask.get(f"/{partner_name}/trouble").json()["hit"] == 1
    trouble(partner_name, "none")
    assert ask.get(f"/{partner_name}/trouble").json()["kind"] == "none"


def test_a_lying_partner_answers_200_and_does_nothing(
    ask: httpx2.Client, trouble: Callable[..., None], partner: Callable[[str], PartnerHttp]
) -> None:
    # given
    trouble("payments", "lying")

    # when / then
    with pytest.raises(PartnerTrouble, match="reference"):
        Payments(partner("payments")).payment("PAY-1:1.00:CNY")


def test_a_slow_partner_answers_late(inbox: MessageInbox, trouble: Callable[..., None]) -> None:
    # given
    trouble("inbox", "slow", seconds=0.3)
    began = time.monotonic()

    # when
    handover = inbox.deliver([message("M-SLOW", "ORDER-SLOW")])

    # then
    assert handover.taken == {"M-SLOW"}
    assert time.monotonic() - began >= 0.3


def test_part_takes_only_the_first_half_of_the_messages(inbox: MessageInbox, trouble: Callable[..., None]) -> None:
    # given
    trouble("inbox", "part")

    # when
    handover = inbox.deliver([message(f"M-PART-{number}", f"ORDER-PART-{number}") for number in range(3)])

    # then
    assert handover.taken == {"M-PART-0", "M-PART-1"}


def test_a_lost_answer_leaves_the_work_done(wms: Wms, ask: httpx2.Client, trouble: Callable[..., None]) -> None:
    # given
    trouble("wms", "lost_answer", every=2)

    # when
    references = [wms.pick(work("FO-KEPT"), "FO-KEPT:pick")]
    with pytest.raises(PartnerTrouble, match="RemoteProtocolError"):
        wms.pick(work("FO-LOST"), "FO-LOST:pick")
    references.append(wms.pick(work("FO-LOST"), "FO-LOST:pick"))

    # then
    assert references == ["WMS-FO-KEPT", "WMS-FO-LOST"]
    assert ask.get("/wms/fulfillment-orders/FO-LOST").json()["times_asked"] == 2


def test_twice_doubles_each_call_and_each_webhook(
    wms: Wms, inbox: MessageInbox, ask: httpx2.Client, receiver: Receiver, trouble: Callable[..., None]
) -> None:
    # given
    trouble("wms", "twice")
    trouble("inbox", "twice")

    # when
    wms.pick(work("FO-DOUBLE"), "FO-DOUBLE:pick")
    handover = inbox.deliver([message("M-TWICE", "ORDER-TWICE")])

    # then
    assert handover == Handover(frozenset({"M-TWICE"}))
    [taken] = ask.get("/inbox/messages", params={"order_id": "ORDER-TWICE"}).json()["messages"]
    assert taken["times_received"] == 2
    events = receiver.wait_for("FO-DOUBLE", 6)
    assert len({event.webhook_id for event in events}) == 3


@pytest.mark.parametrize("how", [{"kind": "asleep"}, {"kind": "slow", "seconds": -1}, {"kind": "down", "every": 0}])
def test_an_unknown_trouble_is_refused(ask: httpx2.Client, how: dict[str, object]) -> None:
    assert ask.put("/erp/trouble", json=how).status_code == 422
