"""The partner client against wrong answers, and the simulators against wrongly signed calls."""

import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from domain.errors import PartnerTrouble, PickRefused, UnknownPayment
from integrations.http import PartnerHttp
from integrations.wms import Wms
from tests.integrations.servers import SECRET, serving

OTHER_SECRET = "whsec_" + "c29tZWJvZHkgZWxzZQ=="


class OddPartner:
    """Answers with the status and content that a test sets."""

    status = 200
    content = b"{}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": self.status, "headers": []})
            await send({"type": "http.response.body", "body": self.content})


@pytest.fixture(scope="session")
def odd() -> OddPartner:
    return OddPartner()


@pytest.fixture(scope="session")
def odd_http(odd: OddPartner) -> Iterator[PartnerHttp]:
    with serving(odd) as address:
        client = PartnerHttp("odd", address, SECRET, timeout_seconds=1.0)
        yield client
        client.close()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"{}"),
        (503, b"out of order"),
        (404, b"{}"),
        (302, b"{}"),
        (201, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"\xff"),
        (422, b'{"detail": [{"loc": ["body"]}]}'),
        (422, b'{"code": "Lin Xia is not at home", "detail": ""}'),
        (409, b"<html>"),
    ],
)
def test_an_answer_outside_the_contract_is_trouble(
    odd: OddPartner, odd_http: PartnerHttp, status: int, content: bytes
) -> None:
    # given
    odd.status, odd.content = status, content

    # when / then
    with pytest.raises(PartnerTrouble, match=r"^odd POST /fulfillment-orders: "):
        odd_http.post("/fulfillment-orders", {}, "FO-1:pick", refusal=PickRefused)


@pytest.mark.parametrize("status", [409, 422])
def test_a_problem_with_a_code_is_a_refusal(odd: OddPartner, odd_http: PartnerHttp, status: int) -> None:
    # given
    odd.status, odd.content = status, b'{"code": "pick_rejected", "detail": "closed today"}'

    # when
    with pytest.raises(PickRefused) as refused:
        odd_http.post("/fulfillment-orders", {}, "FO-1:pick", refusal=PickRefused)

    # then
    assert (refused.value.code, refused.value.detail) == ("pick_rejected", "closed today")


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"detail": "Not Found"}'])
def test_a_404_without_the_partners_code_does_not_count_as_a_recall(
    odd: OddPartner, odd_http: PartnerHttp, content: bytes
) -> None:
    # given
    odd.status, odd.content = 404, content

    # when / then
    with pytest.raises(PartnerTrouble, match="404"):
        Wms(odd_http).recall("FO-1", "the customer canceled", "FO-1:recall")


def test_a_refused_connection_is_trouble() -> None:
    # given
    client = PartnerHttp("wms", "http://127.0.0.1:9", SECRET)

    # when / then
    with pytest.raises(PartnerTrouble, match=r"^wms GET /payments/1: ConnectError$"):
        client.get("/payments/1", refusal=UnknownPayment)


@pytest.mark.parametrize("status", [200, 422, 500])
def test_exceptions_quote_neither_request_nor_answer(odd: OddPartner, odd_http: PartnerHttp, status: int) -> None:
    # given
    odd.status, odd.content = status, b'{"code": "no", "detail": "Lin Xia moved", "wms_reference": 7}'

    # when
    with pytest.raises((PartnerTrouble, PickRefused)) as error:
        odd_http.post("/x", {"name": "Lin Xia"}, "FO-1:pick", refusal=PickRefused).text("wms_reference")

    # then
    texts = [str(error.value), *traceback.format_exception_only(error.value)]
    assert not any("Lin" in text for text in texts)
    assert error.value.__cause__ is None


def test_a_call_with_a_wrong_secret_is_answered_401(simulators: str) -> None:
    # given
    stranger = PartnerHttp("wms", f"{simulators}/payments", OTHER_SECRET)

    # when / then
    with pytest.raises(PartnerTrouble, match="answered 401"):
        stranger.get("/payments/PAY-1:1.00:CNY", refusal=UnknownPayment)


def signed(content: str, at: datetime) -> dict[str, str]:
    return {
        "webhook-id": "KEY-1",
        "idempotency-key": "KEY-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("KEY-1", at, content),
    }


def test_an_unsigned_change_is_answered_401(ask: httpx2.Client) -> None:
    # given / when
    answer = ask.post("/payments/refunds", json={})

    # then
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: headers | {"webhook-signature": "nonsense"},
        lambda headers: headers | {"webhook-id": "KEY-2"},
        lambda headers: signed("{}", datetime.now(UTC) - timedelta(minutes=6)),
    ],
    ids=["not a signature", "of another request", "too old"],
)
def test_a_bad_signature_is_answered_401(ask: httpx2.Client, spoil: Callable[[dict[str, str]], dict[str, str]]) -> None:
    # given
    headers = spoil(signed("{}", datetime.now(UTC)))

    # when
    answer = ask.post("/payments/refunds", content="{}", headers=headers)

    # then
    assert answer.status_code == 401


def test_a_key_that_is_not_the_webhook_id_is_answered_400(ask: httpx2.Client) -> None:
    # given
    headers = signed("{}", datetime.now(UTC)) | {"idempotency-key": "ANOTHER"}

    # when
    answer = ask.post("/payments/refunds", content="{}", headers=headers)

    # then
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_key")
