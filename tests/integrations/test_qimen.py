"""A warehouse that speaks Qimen is asked the same three things, in its own words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest

from domain.errors import PartnerTrouble, PickRefused
from integrations.http import LARGEST_ANSWER, Line
from integrations.qimen import QimenWms
from integrations.qimen_form import CHINA, TIME, NotQimen, is_signed, read_xml, sign, signed, to_xml
from integrations.warehouses import Warehouses
from integrations.wms import RecallResult, ReturnNotice, Wms
from settings import Qimen
from tests.baton import QIMEN
from tests.integrations.liar import lying
from tests.integrations.servers import CUSTOMER, serving
from tests.integrations.test_wms import work

HOUSE = "QIMEN-HOUSE"
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
    """A Qimen address that keeps what it is told, and the address."""
    heard: list[Element] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        heard.append(read_xml((await receive())["body"]))  # type: ignore[operator]
        answer = to_xml("response", {"flag": "success", "code": "0", "deliveryOrderId": "QM-1"})
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": answer})  # type: ignore[operator]

    with serving(app) as address:
        yield address, heard


def test_work_is_asked_for_in_the_words_of_qimen(settings: Qimen, listening: tuple[str, list[Element]]) -> None:
    # given
    address, heard = listening
    there = QimenWms(settings.model_copy(update={"url": address}))
    asked = work("FO-Q1", location=HOUSE, priority=20, purpose="reship", pack_together="M-1")

    # when
    reference = there.pick(asked, "FO-Q1:pick")

    # then
    [root] = heard
    told = {
        name: root.findtext(f"deliveryOrder/{name}") for name in ("deliveryOrderCode", "orderType", "warehouseCode")
    }
    assert reference == "QM-1"
    assert told == {"deliveryOrderCode": "FO-Q1", "orderType": "BFCK", "warehouseCode": "QH01"}
    assert root.findtext("deliveryOrder/isUrgency") == "Y"
    assert root.findtext("deliveryOrder/extendProps/pack_together") == "M-1"
    assert root.findtext("deliveryOrder/receiverInfo/mobile") == CUSTOMER["phone"]
    line = root.find("orderLines/orderLine")
    assert line is not None
    assert [line.findtext(name) for name in ("itemCode", "planQty", "ownerCode")] == ["ELEGANT-LAMP", "2", "OUR-SHOP"]


def test_the_same_code_again_is_the_same_work(qimen: QimenWms) -> None:
    asked = work("FO-Q2", location=HOUSE)

    assert qimen.pick(asked, "FO-Q2:pick") == qimen.pick(asked, "FO-Q2:pick") == "QM-FO-Q2"


def test_work_is_taken_back_also_when_it_never_came(qimen: QimenWms) -> None:
    # given
    qimen.pick(work("FO-Q3", location=HOUSE), "FO-Q3:pick")

    # when
    results = [qimen.recall(number, "canceled", f"{number}:recall", HOUSE) for number in ("FO-Q3", "FO-NEVER")]

    # then
    assert results == [RecallResult.RECALLED, RecallResult.RECALLED]
    with pytest.raises(PickRefused):
        qimen.pick(work("FO-NEVER", location=HOUSE), "FO-NEVER:pick")


def test_a_return_is_announced(qimen: QimenWms) -> None:
    notice = ReturnNotice(return_id="R-Q1", order_id="O", channel_order_id="C", location_id=HOUSE, lines=TWO_LAMPS)

    assert qimen.announce_return(notice, "R-Q1:announce") == "QM-R-Q1"


def test_each_location_is_asked_in_its_own_words(wms: Wms, qimen: QimenWms) -> None:
    warehouses = Warehouses(wms, {HOUSE: qimen})

    references = [warehouses.pick(work(f"FO-{place}", location=place), "key") for place in ("HANGZHOU", HOUSE)]

    assert references == ["WMS-FO-HANGZHOU", "QM-FO-QIMEN-HOUSE"]


def test_nobody_at_home_and_a_wrong_secret_are_told_apart(settings: Qimen) -> None:
    nobody = QimenWms(settings.model_copy(update={"url": "http://127.0.0.1:9"}))
    with pytest.raises(PartnerTrouble, match="qimen taobao"):
        nobody.pick(work("FO-Q4", location=HOUSE), "FO-Q4:pick")
    stranger = QimenWms(settings.model_copy(update={"app_key": "somebody-else"}))
    with pytest.raises(PickRefused, match=r"isv\.invalid-signature"):
        stranger.pick(work("FO-Q4", location=HOUSE), "FO-Q4:pick")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<response",
        b"<html><body>Bad gateway</body></html>",
        b"<response><code>internal</code><message>it did not work</message></response>",
        b"<response><flag>perhaps</flag></response>",
        b"<response><flag>success</flag><code>" + b"9" * 2_000 + b"</code></response>",
        b"<response>" + b" " * LARGEST_ANSWER + b"<flag>success</flag></response>",
    ],
)
@pytest.mark.parametrize("call", ["pick", "recall", "announce_return"])
def test_what_is_no_answer_is_trouble_and_no_refusal(settings: Qimen, said: bytes, call: str) -> None:
    # given
    notice = ReturnNotice(return_id="R-1", order_id="O-1", channel_order_id="TM-1", location_id=HOUSE, lines=TWO_LAMPS)
    asked = {"pick": (work("FO-Q5", location=HOUSE), "k"), "recall": ("FO-Q5", "why", "k", HOUSE)}
    with lying() as liar:
        there = QimenWms(settings.model_copy(update={"url": liar.url}))
        liar.says(200, said)

        # when / then
        with pytest.raises(PartnerTrouble):
            getattr(there, call)(*asked.get(call, (notice, "k")))


def test_the_signature_is_the_platforms() -> None:
    assert sign({"b": "2", "a": "1", "sign": "ignored"}, b"<x/>", "secret") == MD5_BY_HAND
    now = datetime.now(UTC)
    right = signed({"method": "m"}, b"<x/>", "secret")
    late = right | {"timestamp": (now - timedelta(minutes=11)).astimezone(CHINA).strftime(TIME)}
    assert is_signed(right, b"<x/>", "secret", now)
    assert not is_signed(right, b"<y/>", "secret", now)
    assert not is_signed(right, b"<x/>", "other", now)
    assert not is_signed(late | {"sign": sign(late, b"<x/>", "secret")}, b"<x/>", "secret", now)
    assert not is_signed({}, b"", "secret", now)


def test_what_would_explode_is_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    for raw in (bomb, b"<x", b"", b"{}"):
        with pytest.raises(NotQimen):
            read_xml(raw)


def test_what_xml_cannot_write_is_left_out() -> None:
    assert read_xml(to_xml("x", {"y": "a\x00b\x0b<&>龍", "z": None})).findtext("y") == "ab<&>龍"
