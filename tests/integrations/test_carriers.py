"""Carriers in their own words: what they answer is ours in the end, and what is no answer is trouble."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

from domain.errors import CarrierRefused, PartnerTrouble
from integrations.bookings import Booking, VoidResult
from integrations.http import PartnerHttp
from integrations.tms import Tms
from tests.integrations.servers import SECRET, Receiver, serving
from tests.integrations.test_tms import parcel, statuses

OWN = [("sf", "SF Express", "SF"), ("jd", "JD Logistics", "JDVA"), ("dhl", "DHL Express", "")]
BOXES = [{"weight_grams": 800, "length_mm": 300, "width_mm": 200, "height_mm": 101}, {"weight_grams": 200}]


def sf(**told: Any) -> dict[str, Any]:
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(told)}


@pytest.fixture
def answering() -> Iterator[Callable[..., Tms]]:
    """The TMS of a carrier that answers every call with this body and status."""
    said: dict[str, Any] = {"body": {}, "status": 200}

    async def carrier(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await JSONResponse(said["body"], said["status"])(scope, receive, send)

    with serving(carrier) as address:
        client = PartnerHttp("tms", address, SECRET, timeout_seconds=2.0)

        def tms(body: Any, status: int = 200) -> Tms:
            said.update(body=body, status=status)
            return Tms(client)

        yield tms
        client.close()


@pytest.mark.parametrize(("by", "carrier", "begins"), OWN)
def test_a_parcel_is_booked_carried_and_tracked(
    tms: Tms, receiver: Receiver, ask: httpx2.Client, by: str, carrier: str, begins: str
) -> None:
    number = f"SHP-OF-{by}"

    booking = tms.book(parcel(number, parcels=BOXES), f"{number}:book", by)

    known = ask.get(f"/tms/shipments/{number}").json()
    assert (booking.carrier, booking.waybill) == (carrier, known["waybill"])
    assert booking.waybill.startswith(begins)
    assert booking.service
    assert known["request"]["lines"] == [{"sku": "ELEGANT-LAMP", "quantity": 2}]
    assert sum(box["weight_grams"] for box in known["request"]["parcels"]) == 1_000
    assert statuses(receiver.wait_for(number, 3)) == ["in_transit", "out_for_delivery", "delivered"]
    assert tms.void(number, "too late", f"{number}:void", by) is VoidResult.TOO_LATE
    assert not tms.intercept(number, booking.waybill, "too late", f"{number}:intercept", by).asked


@pytest.mark.parametrize(
    ("by", "code"), [("sf", "sf_8114"), ("jd", "jd_1045"), ("dhl", "dhl_996"), ("tms", "undeliverable")]
)
def test_a_refusal_has_the_code_of_the_carrier(tms: Tms, by: str, code: str) -> None:
    with pytest.raises(CarrierRefused) as refused:
        tms.book(parcel(f"SHP-NO-{by}", "UNDELIVERABLE"), f"SHP-NO-{by}:book", by)
    assert refused.value.code == code


@pytest.mark.parametrize("by", ["sf", "jd", "dhl", "tms"])
def test_a_carrier_that_is_down_is_trouble_and_no_refusal(tms: Tms, by: str) -> None:
    for _ in range(3):
        with pytest.raises(PartnerTrouble, match="answered 503"):
            tms.book(parcel(f"SHP-DOWN-{by}", "CARRIER-DOWN"), f"SHP-DOWN-{by}:book", by)
    assert tms.book(parcel(f"SHP-DOWN-{by}", "CARRIER-DOWN"), f"SHP-DOWN-{by}:book", by).waybill


@pytest.mark.parametrize("by", ["sf", "jd", "dhl", "tms"])
def test_what_was_never_booked_counts_as_void_and_is_refused_should_it_come(tms: Tms, by: str) -> None:
    number = f"SHP-LATER-{by}"
    assert tms.void(number, "the customer canceled", f"{number}:void", by) is VoidResult.VOIDED
    with pytest.raises(CarrierRefused) as refused:
        tms.book(parcel(number), f"{number}:book", by)
    assert refused.value.code == "voided"


@pytest.mark.parametrize(
    ("by", "answer", "status"),
    [
        ("sf", {"apiResultCode": "A1001", "apiErrorMsg": "请求过于频繁"}, 200),
        ("sf", {"apiResultCode": "A1000", "apiResultData": "["}, 200),
        ("sf", sf(success=True, errorCode="S0000", msgData=None), 200),
        ("sf", sf(success=True, errorCode="S0000", msgData={"waybillNoInfoList": []}), 200),
        ("jd", {"success": True}, 200),
        ("jd", {"code": 0, "data": {}}, 200),
        ("dhl", {"packages": []}, 201),
        ("dhl", {"detail": "the gateway is busy"}, 500),
    ],
)
def test_what_is_no_answer_is_trouble(answering: Callable[..., Tms], by: str, answer: Any, status: int) -> None:
    with pytest.raises(PartnerTrouble):
        answering(answer, status).book(parcel("SHP-1"), "SHP-1:book", by)


@pytest.mark.parametrize(
    ("by", "answer", "status", "code"),
    [
        ("sf", sf(success=True, errorCode="S0000", msgData={"filterResult": 3}), 200, "sf_cannot_deliver"),
        ("sf", sf(success=False, errorCode="8037", msgData=None), 200, "voided"),
        ("jd", {"code": 1045, "msg": "超范围", "data": None}, 200, "jd_1045"),
        ("dhl", {"status": 400, "detail": "no product fits"}, 400, "dhl_bad_request"),
    ],
)
def test_each_way_to_say_no_is_a_refusal(
    answering: Callable[..., Tms], by: str, answer: Any, status: int, code: str
) -> None:
    with pytest.raises(CarrierRefused) as refused:
        answering(answer, status).book(parcel("SHP-1"), "SHP-1:book", by)
    assert refused.value.code == code


def test_a_carrier_whose_words_nobody_here_speaks_is_booked_by_the_tms(tms: Tms) -> None:
    booking = tms.book(parcel("SHP-ACME", carrier="Acme"), "SHP-ACME:book", "acme")
    assert booking == Booking("Acme", booking.waybill)
