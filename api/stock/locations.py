"""Write and read locations: warehouses, stores, suppliers and virtual places."""

from datetime import date, time
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import WithJsonSchema
from sqlalchemy import select

from api.access import Caller
from api.dependencies import Reader, Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, after, cut
from api.openapi import json_body, responses
from api.schemas import Answer, Page
from api.stock import goods_examples as examples
from api.stock.goods_schemas import CLOCK, Kind, LocationBody
from domain.stock.views import SELLABLE
from models.stock import LocationRow
from record.stock.locations import save_location
from record.stock.mistakes import Mistake

router = APIRouter(tags=["goods"], route_class=OnceRoute)

PathLocation = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
KindFilter = Annotated[Kind | None, Query(description="Only locations of this kind")]


ClockAnswer = Annotated[time, WithJsonSchema(CLOCK)]


def only_at(caller: Caller, location_id: str) -> None:
    """Raise a 403 for the key of another store, even if there is no such location."""
    if not caller.works_at(location_id):
        where = (
            f"the location {caller.location}" if caller.location else "no location: make a new one with `--location`"
        )
        raise Problem(FORBIDDEN, f"this key works at {where}")


class LocationAnswer(Answer):
    """Stock at a location that is not `sellable` is counted, but never promised."""

    location_id: str
    kind: Kind
    sellable: bool
    name: str
    country: str
    province: str
    priority: int
    latitude: float | None
    longitude: float | None
    time_zone: str
    cut_off: ClockAnswer
    working_days: list[int]
    keeps_holidays: bool
    closed: list[date]
    waves: list[ClockAnswer]
    capacity_units_per_day: int | None
    bonded: bool


@router.get("/locations", summary="Locations", responses=responses({200: ("One page", examples.LOCATIONS)}, FORBIDDEN))
def list_locations(
    caller: Reader, services: WithServices, kind: KindFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[LocationAnswer]:
    """Sorted by id."""
    wanted = select(LocationRow).order_by(LocationRow.location_id).limit(limit + 1)
    if kind is not None:
        wanted = wanted.where(LocationRow.kind == kind)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(LocationRow.location_id > last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.location_id)
    return Page(items=[_answer(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/locations/{location_id}",
    summary="One location",
    responses=responses({200: ("As it is now", examples.LOCATION)}, FORBIDDEN, NOT_FOUND),
)
def read_location(location_id: PathLocation, caller: Reader, services: WithServices) -> LocationAnswer:
    """`GET /stock?location=` has its stock."""
    with services.sessions() as session:
        row = session.get(LocationRow, location_id)
    if row is None:
        raise Problem(NOT_FOUND, "there is no such location")
    return _answer(row)


@router.put(
    "/locations/{location_id}",
    summary="Add or replace a location",
    response_model=LocationAnswer,
    responses=responses({200: ("As it is now", examples.LOCATION)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(LocationBody, examples.LOCATION_BODY),
)
async def keep_location(
    location_id: PathLocation, request: Request, caller: StockKeeper, services: WithServices
) -> LocationAnswer:
    """The body replaces the whole location."""
    body = await read_body(request, LocationBody)
    return await run_in_threadpool(_keep, services, location_id, body)


def _keep(services: Services, location_id: str, body: LocationBody) -> LocationAnswer:
    try:
        with services.sessions.begin() as session:
            save_location(session, location_id, body.model_dump())
            return _answer(session.get_one(LocationRow, location_id))
    except Mistake as mistake:
        raise mistake_problem(mistake) from None


def _answer(row: LocationRow) -> LocationAnswer:
    columns = {name: getattr(row, name) for name in LocationAnswer.model_fields if name != "sellable"}
    return LocationAnswer(sellable=row.kind in SELLABLE, **columns)
