"""The Qimen client: pick, recall and announced returns in Qimen's format."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest

from domain.errors import PartnerTrouble, PickRefused
from integrations.http import MAX_ANSWER_BYTES, Line
from integrations.qimen import QimenWms
from integrations.qimen_form import CHINA, TIME, NotQimen, is_signed, read_xml, sign, signed, to_xml
from integrations.wms import RecallResult, ReturnNotice, Warehouses, Wms
from settings import Qimen
from tests.baton import QIMEN
from tests.integrations.raw_server import raw_server
from tests.integrations.servers import CUSTOMER, serving
from tests.integrations.test_wms import work

WAREHOUSE = "QIMEN-HOUSE"
# By the manual: the secret, names and values in their order, the body, the secret: `secreta1b2<x/>secret`.
MD5_BY_HAND = "AE9ED00604AC61FFA3DCBFDA79064D21"
TWO_LAMPS = [Line(sku="ELEGANT-LAMP", quantity=2)]


@pytest.fixture
def settings(simulators: str) -> Qimen:
    return QIMEN.model_copy(update={"url": f"{simulators}/qimen/router/qimen/service", "timeout": timedelta(seconds=2)})


@pytest.fixture
def qimen(settings: Qimen) -> QimenWms:
    return QimenWms(settings)


@pytest.fixture
def listening() -> Iterator[tuple[str, list[Element]]]:
    """A Qimen server that keeps the requests it gets: its URL and the requests."""
    requests: list[Element] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        requests.append(read_xml((await receive())["body"]))  # type: ignore[operator]
        answer = to_xml("response", {"flag": "success", "code": "0", "deliveryOrderId": "QM-1"})
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": answer})  # type: ignore[operator]

    with serving(app) as address:
        yield address, requests


def test_a_pick_is_sent_in_qimens_format(settings: Qimen, listening: tuple[str, list[Element]]) -> None:
    # given
    address, requests = listening
    there = QimenWms(settings.model_copy(update={"url": address}))
    request = work("FO-Q1", location=WAREHOUSE, priority=20, purpose="reship", pack_together="M-1")

    # when
    reference = there.pick(request, "FO-Q1:pick")

    # then
    [root] = requests
    fields = {
        name: root.findtext(f"deliveryOrder/{name}") for name in ("deliveryOrderCode", "orderType", "warehouseCode")
    }
    assert reference == "QM-1"
    assert fields == {"deliveryOrderCode": "FO-Q1", "orderType": "BFCK", "warehouseCode": "QH01"}
    assert root.findtext("deliveryOrder/isUrgency") == "Y"
    assert root.findtext("deliveryOrder/extendProps/pack_together") == "M-1"
    assert root.findtext("deliveryOrder/receiverInfo/mobile") == CUSTOMER["phone"]
    line = root.find("orderLines/orderLine")
    assert line is not None
    assert [line.findtext(name) for name in ("itemCode", "planQty", "ownerCode")] == ["ELEGANT-LAMP", "2", "OUR-SHOP"]


def test_the_same_order_code_again_is_the_same_pick(qimen: QimenWms) -> None:
    request = work("FO-Q2", location=WAREHOUSE)

    assert qimen.pick(request, "FO-Q2:pick") == qimen.pick(request, "FO-Q2:pick") == "QM-FO-Q2"


def test_a_recall_succeeds_also_for_an_unknown_pick(qimen: QimenWms) -> None:
    # given
    qimen.pick(work("FO-Q3", location=WAREHOUSE), "FO-Q3:pick")

    # when
    results = [qimen.recall(number, "canceled", f"{number}:recall", WAREHOUSE) for number in ("FO-Q3", "FO-NEVER")]

    # then
    assert results == [RecallResult.RECALLED, RecallResult.RECALLED]
    with pytest.raises(PickRefused):
        qimen.pick(work("FO-NEVER", location=WAREHOUSE), "FO-NEVER:pick")


def test_a_return_is_announced(qimen: QimenWms) -> None:
    notice = ReturnNotice(return_id="R-Q1", order_id="O", channel_order_id="C", location_id=WAREHOUSE, lines=TWO_LAMPS)

    assert qimen.announce_return(notice, "R-Q1:announce") == "QM-R-Q1"


def test_each_location_gets_its_pick_from_its_own_client(wms: Wms, qimen: QimenWms) -> None:
    warehouses = Warehouses(wms, {WAREHOUSE: qimen})

    references = [warehouses.pick(work(f"FO-{place}", location=place), "key") for place in ("HANGZHOU", WAREHOUSE)]

    assert references == ["WMS-FO-HANGZHOU", "QM-FO-QIMEN-HOUSE"]


def test_no_connection_is_trouble_and_a_wrong_signature_a_refusal(settings: Qimen) -> None:
    nobody = QimenWms(settings.model_copy(update={"url": "http://127.0.0.1:9"}))
    with pytest.raises(PartnerTrouble, match="qimen taobao"):
        nobody.pick(work("FO-Q4", location=WAREHOUSE), "FO-Q4:pick")
    stranger = QimenWms(settings.model_copy(update={"app_key": "somebody-else"}))
    with pytest.raises(PickRefused, match=r"isv\.invalid-signature"):
        stranger.pick(work("FO-Q4", location=WAREHOUSE), "FO-Q4:pick")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<response",
        b"<html><body>Bad gateway</body></html>",
        b"<response><code>internal</code><message>it did not work</message></response>",
        b"<response><flag>perhaps</flag></response>",
        b"<response><flag>success</flag><code>" + b"9" * 2_000 + b"</code></response>",
        b"<response>" + b" " * MAX_ANSWER_BYTES + b"<flag>success</flag></response>",
    ],
)
@pytest.mark.parametrize("call", ["pick", "recall", "announce_return"])
def test_a_malformed_answer_is_trouble_not_a_refusal(settings: Qimen, answer: bytes, call: str) -> None:
    # given
    notice = ReturnNotice(
        return_id="R-1", order_id="O-1", channel_order_id="TM-1", location_id=WAREHOUSE, lines=TWO_LAMPS
    )
    request = {"pick": (work("FO-Q5", location=WAREHOUSE), "k"), "recall": ("FO-Q5", "why", "k", WAREHOUSE)}
    with raw_server() as server:
        there = QimenWms(settings.model_copy(update={"url": server.url}))
        server.answers(200, answer)

        # when / then
        with pytest.raises(PartnerTrouble):
            getattr(there, call)(*request.get(call, (notice, "k")))


def test_the_signature_matches_the_platforms_manual() -> None:
    assert sign({"b": "2", "a": "1", "sign": "ignored"}, b"<x/>", "secret") == MD5_BY_HAND
    now = datetime.now(UTC)
    right = signed({"method": "m"}, b"<x/>", "secret")
    late = right | {"timestamp": (now - timedelta(minutes=11)).astimezone(CHINA).strftime(TIME)}
    assert is_signed(right, b"<x/>", "secret", now)
    assert not is_signed(right, b"<y/>", "secret", now)
    assert not is_signed(right, b"<x/>", "other", now)
    assert not is_signed(late | {"sign": sign(late, b"<x/>", "secret")}, b"<x/>", "secret", now)
    assert not is_signed({}, b"", "secret", now)


def test_an_entity_bomb_is_not_parsed() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    for raw in (bomb, b"<x", b"", b"{}"):
        with pytest.raises(NotQimen):
            read_xml(raw)


def test_characters_that_xml_cannot_hold_are_dropped() -> None:
    assert read_xml(to_xml("x", {"y": "a\x00b\x0b<&>龍", "z": None})).findtext("y") == "ab<&>龍"
