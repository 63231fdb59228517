"""Staff of a store or office report returned goods, as a warehouse would: what came, and its disposition."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select

from api.access import Caller
from api.dependencies import ReturnReceiver, Services, WithServices, commit, read_body
from api.errors import (
    BAD_KEY,
    FORBIDDEN,
    NOT_FOUND,
    OTHER_BODY,
    REFUSED,
    TOO_LARGE,
    Problem,
    invalid,
)
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import Responses, json_body, responses
from api.orders.schemas import MAX_LINES
from api.returns import examples
from api.returns.view import find_return
from api.schemas import NO_CONTROLS, Answer, Body, Sku
from api.stock.goods_schemas import LocationId, Units
from domain.status import RETURN, ReturnStatus, is_final
from models.messaging import PartnerEventRow
from models.stock import LocationRow
from record.messages.partner_events import NewEvent

router = APIRouter(tags=["returns"], route_class=OnceRoute)

Word = Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)]


class CameBody(Body):
    sku: Sku
    quantity: Units


class ReceiptBody(Body):
    """What came, which may be less, more or something else, and the location where it lies now."""

    location_id: LocationId
    lines: Annotated[tuple[CameBody, ...], Field(min_length=1, max_length=MAX_LINES)]


class JudgedBody(CameBody):
    """`photos` are references to pictures kept elsewhere."""

    disposition: Literal["restock", "refurbish", "quarantine", "scrap", "keep_with_customer"]
    grade: Annotated[Word, Field(max_length=20)] = ""
    photos: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class InspectionBody(Body):
    lines: Annotated[tuple[JudgedBody, ...], Field(min_length=1, max_length=MAX_LINES)]


class ReportTaken(Answer):
    """`stored` is false when the same report came before; either way it reaches the case."""

    stored: bool


def _responses(example: object) -> Responses:
    problems = (BAD_KEY, FORBIDDEN, NOT_FOUND, OTHER_BODY, REFUSED, TOO_LARGE)
    return responses({202: ("It is passed on to the case", example)}, *problems)


@router.post(
    "/returns/{return_id}/receive",
    status_code=202,
    summary="Report returned goods as received",
    response_model=ReportTaken,
    responses=_responses(examples.TAKEN),
    openapi_extra=json_body(ReceiptBody, examples.RECEIPT),
)
async def receive_return(
    return_id: PathId, request: Request, response: Response, caller: ReturnReceiver, services: WithServices
) -> ReportTaken:
    """Once for each case. The goods are set apart at the location until they are inspected."""
    body = await read_body(request, ReceiptBody)
    if not caller.works_at(body.location_id):
        raise Problem(FORBIDDEN, f"this key receives goods at {caller.location}")
    if not await run_in_threadpool(_is_location, services, body.location_id):
        raise invalid("location_id", "there is no such location")
    return await _report(services, return_id, caller, "received", body)


@router.post(
    "/returns/{return_id}/inspect",
    status_code=202,
    summary="Report returned goods as inspected",
    response_model=ReportTaken,
    responses=_responses(examples.TAKEN),
    openapi_extra=json_body(InspectionBody, examples.INSPECTION),
)
async def inspect_return(
    return_id: PathId, request: Request, response: Response, caller: ReturnReceiver, services: WithServices
) -> ReportTaken:
    """Once for each case: the disposition of each unit. Units without one stay set apart. A store inspects what was
    received there."""
    body = await read_body(request, InspectionBody)
    if not await run_in_threadpool(_lies_there, services, return_id, caller):
        raise Problem(REFUSED, f"its goods were not received at {caller.location}")
    return await _report(services, return_id, caller, "inspected", body)


async def _report(services: Services, return_id: str, caller: Caller, what: str, body: Body) -> ReportTaken:
    await run_in_threadpool(_open_case, services, return_id, caller)
    kind = f"return.{what}"
    data = {"return_id": return_id, "actor": caller.name, **body.model_dump(mode="json")}
    stored = await commit(services.events, NewEvent("api", f"{return_id}:{kind}", kind, return_id, data))
    if not stored.same:
        raise Problem(OTHER_BODY, f"it was {what} before with another body")
    return ReportTaken(stored=stored.new)


def _open_case(services: Services, return_id: str, caller: Caller) -> None:
    with services.sessions() as session:
        case, _ = find_return(session, return_id, caller)
    if is_final(RETURN, ReturnStatus(case.status)):
        raise Problem(REFUSED, f"the case is {case.status}")


def _lies_there(services: Services, return_id: str, caller: Caller) -> bool:
    """True if the goods were received where the caller works, also by a report that is still on its way to the case."""
    if caller.location is None:
        return True
    with services.sessions() as session:
        case, _ = find_return(session, return_id, caller)
        if case.received_at is not None:
            return case.location_id == caller.location
        report = session.get(PartnerEventRow, ("api", f"{return_id}:return.received"))
        return report is not None and report.data.get("location_id") == caller.location


def _is_location(services: Services, location_id: str) -> bool:
    with services.sessions() as session:
        known = select(LocationRow.location_id).where(LocationRow.location_id == location_id)
        return session.scalar(known) is not None
