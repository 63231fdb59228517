"""Pushes of Kuaidi100 and SF Express in their own formats, and the events made of them, without text that may name a
person."""

from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Annotated

from pydantic import BeforeValidator, Field

from api.partners.webhook_schemas import Said
from api.schemas import FIRST, LAST, NO_CONTROLS
from domain.status import TrackingStatus
from domain.tracking import KUAIDI100_CARRIERS, SF_OPERATIONS, kuaidi100_status
from record.messages.partner_events import NewEvent

TRACKED = "waybill.tracked"
CHINA = timezone(timedelta(hours=8))
CORRECTED = "1"


def _china_time(text: object) -> object:
    """Read `2026-11-20 09:30:00` as China's time: both carriers write times so."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) if isinstance(text, str) else text


ChinaTime = Annotated[datetime, BeforeValidator(_china_time), Field(ge=FIRST, lt=LAST)]
Word = Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)]
Number = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]


class Kuaidi100Step(Said):
    """`time` is when it happened. With `resultv2` each step has a state of its own."""

    time: ChinaTime
    areaName: Word | None = None
    statusCode: Word | None = None


class Kuaidi100Result(Said):
    nu: Number
    com: Word
    state: Word = ""
    data: Annotated[tuple[Kuaidi100Step, ...], Field(max_length=500)] = ()


class Kuaidi100Push(Said):
    """The whole journey so far, newest step first. `autoCheck` of 1 says that the carrier is another one."""

    status: Word
    autoCheck: Word | None = None
    comOld: Word | None = None
    comNew: Word | None = None
    lastResult: Kuaidi100Result


class SfRoute(Said):
    id: Annotated[Number, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
    mailno: Number
    acceptTime: ChinaTime
    acceptAddress: Word | None = None
    opCode: Word


class SfBody(Said):
    WaybillRoute: Annotated[tuple[SfRoute, ...], Field(max_length=500)]


class SfPush(Said):
    Body: SfBody


def from_kuaidi100(push: Kuaidi100Push) -> list[NewEvent]:
    """Return an event for the newest step, with the state of the parcel, and for each older step with its own state."""
    result, corrected = push.lastResult, push.autoCheck == CORRECTED and push.comNew
    com = push.comNew if corrected and push.comNew else result.com
    carrier = KUAIDI100_CARRIERS.get(com, com)
    events = []
    for age, step in enumerate(result.data):
        status = kuaidi100_status(result.state if age == 0 else step.statusCode or "")
        if status is None:
            continue
        name = sha256(f"{com}\n{step.time.isoformat()}\n{status}".encode()).hexdigest()[:24]
        data = _data(result.nu, carrier, status, step.time, step.areaName or "")
        events.append(NewEvent("kuaidi100", f"{result.nu}:{name}", TRACKED, result.nu, data))
    if corrected and push.comOld:
        for event in events:
            event.data["formerly"] = KUAIDI100_CARRIERS.get(push.comOld, push.comOld)
    return events


def from_sf(push: SfPush) -> list[NewEvent]:
    """Return an event for each route that tells the status of its parcel."""
    events = []
    for route in push.Body.WaybillRoute:
        if status := SF_OPERATIONS.get(route.opCode):
            data = _data(route.mailno, "SF Express", status, route.acceptTime, route.acceptAddress or "")
            events.append(NewEvent("sf", f"{route.mailno}:{route.id}", TRACKED, route.mailno, data))
    return events


def _data(waybill: str, carrier: str, status: TrackingStatus, at: datetime, place: str) -> dict[str, str]:
    return {
        "waybill": waybill,
        "carrier": carrier,
        "status": status.value,
        "occurred_at": at.isoformat(),
        "note": place,
    }
