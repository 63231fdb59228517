"""Carriers in their own formats: answers become our results, refusals ours, and malformed answers trouble."""

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

OWN_FORMATS = [("sf", "SF Express", "SF"), ("jd", "JD Logistics", "JDVA"), ("dhl", "DHL Express", "")]
BOXES = [{"weight_grams": 800, "length_mm": 300, "width_mm": 200, "height_mm": 101}, {"weight_grams": 200}]


def sf(**result: Any) -> dict[str, Any]:
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(result)}


@pytest.fixture
def answering() -> Iterator[Callable[..., Tms]]:
    """A TMS whose carriers answer every call with this body and status."""
    answer: dict[str, Any] = {"body": {}, "status": 200}

    async def carrier(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await JSONResponse(answer["body"], answer["status"])(scope, receive, send)

    with serving(carrier) as address:
        client = PartnerHttp("tms", address, SECRET, timeout_seconds=2.0)

        def tms(body: Any, status: int = 200) -> Tms:
            answer.update(body=body, status=status)
            return Tms(client)

        yield tms
        client.close()


@pytest.mark.parametrize(("by", "carrier", "prefix"), OWN_FORMATS)
def test_a_parcel_is_booked_and_tracked_and_then_cannot_be_voided(
    tms: Tms, receiver: Receiver, ask: httpx2.Client, by: str, carrier: str, prefix: str
) -> None:
    number = f"SHP-OF-{by}"

    booking = tms.book(parcel(number, parcels=BOXES), f"{number}:book", by)

    known = ask.get(f"/tms/shipments/{number}").json()
    assert (booking.carrier, booking.waybill) == (carrier, known["waybill"])
    assert booking.waybill.startswith(prefix)
    assert booking.service
    assert known["request"]["lines"] == [{"sku": "ELEGANT-LAMP", "quantity": 2}]
    assert sum(box["weight_grams"] for box in known["request"]["parcels"]) == 1_000
    assert statuses(receiver.wait_for(number, 3)) == ["in_transit", "out_for_delivery", "delivered"]
    assert tms.void(number, "too late", f"{number}:void", by) is VoidResult.TOO_LATE
    assert not tms.intercept(number, booking.waybill, "too late", f"{number}:intercept", by).asked


@pytest.mark.parametrize(
    ("by", "code"), [("sf", "sf_8114"), ("jd", "jd_1045"), ("dhl", "dhl_996"), ("tms", "undeliverable")]
)
def test_a_refusal_has_the_carriers_own_code(tms: Tms, by: str, code: str) -> None:
    with pytest.raises(CarrierRefused) as refused:
        tms.book(parcel(f"SHP-NO-{by}", "UNDELIVERABLE"), f"SHP-NO-{by}:book", by)
    assert refused.value.code == code


@pytest.mark.parametrize("by", ["sf", "jd", "dhl", "tms"])
def test_a_carrier_that_is_down_is_trouble_not_a_refusal(tms: Tms, by: str) -> None:
    for _ in range(3):
        with pytest.raises(PartnerTrouble, match="answered 503"):
            tms.book(parcel(f"SHP-DOWN-{by}", "CARRIER-DOWN"), f"SHP-DOWN-{by}:book", by)
    assert tms.book(parcel(f"SHP-DOWN-{by}", "CARRIER-DOWN"), f"SHP-DOWN-{by}:book", by).waybill


@pytest.mark.parametrize("by", ["sf", "jd", "dhl", "tms"])
def test_voiding_an_unknown_booking_succeeds_and_a_later_booking_is_refused(tms: Tms, by: str) -> None:
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
def test_a_malformed_answer_is_trouble(answering: Callable[..., Tms], by: str, answer: Any, status: int) -> None:
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
def test_every_form_of_refusal_raises_carrier_refused(
    answering: Callable[..., Tms], by: str, answer: Any, status: int, code: str
) -> None:
    with pytest.raises(CarrierRefused) as refused:
        answering(answer, status).book(parcel("SHP-1"), "SHP-1:book", by)
    assert refused.value.code == code


def test_a_carrier_without_an_own_format_is_booked_by_the_tms(tms: Tms) -> None:
    booking = tms.book(parcel("SHP-ACME", carrier="Acme"), "SHP-ACME:book", "acme")
    assert booking == Booking("Acme", booking.waybill)
