"""Buffers: the units that places keep for themselves and that are not sold online."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select

from api.dependencies import OperationsReader, Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after, cut
from api.openapi import json_body, responses
from api.schemas import Answer, Body, Page, Sku, Time
from api.stock import goods_examples as examples
from api.stock.goods_schemas import Code, Kind, LocationId
from models.goods import BufferRow
from record.stock.buffers import NAMES, delete_buffer, save_buffer
from record.stock.mistakes import Mistake

router = APIRouter(tags=["stock"], route_class=OnceRoute)

B = BufferRow
_ID = r"^[A-Za-z0-9._:-]{1,60}$"
BufferId = Annotated[str, Field(pattern=_ID)]
PathBuffer = Annotated[str, Path(pattern=_ID)]


class BufferBody(Body):
    """Each place that it names keeps `units`, or `percent` of what is on hand (rounded up), of each SKU that it names.

    What is not named is everything: without `location_id` and `kind` all places, without `sku` and `goods_class` all
    goods. Of several the most specific counts: a SKU before its class before all goods, then a location before its kind
    before all places, then the one that began last. 0 units keep nothing.
    """

    location_id: Annotated[LocationId | None, Field(description="At this location; or name a kind")] = None
    kind: Annotated[Kind | None, Field(description="At all locations of this kind")] = None
    sku: Annotated[Sku | None, Field(description="Of this product; or name a class")] = None
    goods_class: Annotated[Code | None, Field(description="Of all products of this `goods_class`")] = None
    units: Annotated[int | None, Field(ge=0, le=100_000_000)] = None
    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    valid_from: Annotated[Time | None, Field(description="Null: from now on, or as it was before")] = None
    valid_to: Annotated[Time | None, Field(description="Until before this moment; null is without end")] = None


class BufferAnswer(Answer):
    """What is null names everything."""

    buffer_id: str
    location_id: str | None
    kind: Kind | None
    sku: str | None
    goods_class: str | None
    units: int | None
    percent: int | None
    valid_from: datetime
    valid_to: datetime | None


@router.get("/buffers", summary="Buffers", responses=responses({200: ("One page, by id", examples.BUFFERS)}, FORBIDDEN))
def list_buffers(
    caller: OperationsReader,
    services: WithServices,
    location_id: Filter = None,
    sku: Filter = None,
    goods_class: Filter = None,
    at: Annotated[Time | None, Query(description="Those in force at this moment")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BufferAnswer]:
    """Sorted by id. What they keep of each SKU at this moment is the counter `buffer` of `GET /stock`."""
    wanted = select(B).order_by(B.buffer_id).limit(limit + 1)
    for column, value in ((B.location_id, location_id), (B.sku, sku), (B.goods_class, goods_class)):
        if value is not None:
            wanted = wanted.where(column == value)
    if at is not None:
        wanted = wanted.where(B.valid_from <= at, B.valid_to.is_(None) | (B.valid_to > at))
    if (last := after(cursor)) is not None:
        wanted = wanted.where(B.buffer_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.buffer_id)
    return Page(items=[_answer(row) for row in rows], next_cursor=following)


@router.get(
    "/buffers/{buffer_id}",
    summary="One buffer",
    responses=responses({200: ("As it is now", examples.BUFFER)}, FORBIDDEN, NOT_FOUND),
)
def read_buffer(buffer_id: PathBuffer, caller: OperationsReader, services: WithServices) -> BufferAnswer:
    """Whether it is in force depends on its times."""
    with services.sessions() as session:
        row = session.get(B, buffer_id)
    if row is None:
        raise _unknown()
    return _answer(row)


@router.put(
    "/buffers/{buffer_id}",
    summary="Add or replace a buffer",
    response_model=BufferAnswer,
    responses=responses({200: ("As it is now", examples.BUFFER)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(BufferBody, examples.BUFFER_BODY),
)
async def keep_buffer(
    buffer_id: PathBuffer, request: Request, caller: StockKeeper, services: WithServices
) -> BufferAnswer:
    """The id is yours. What orders have claimed already stays theirs; channels are pushed what is left, and orders that
    wait for what it no longer keeps are woken."""
    body = await read_body(request, BufferBody)
    return await run_in_threadpool(_keep, services, buffer_id, body)


@router.delete(
    "/buffers/{buffer_id}",
    summary="Delete a buffer",
    responses=responses({200: ("As it was", examples.BUFFER)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def drop_buffer(buffer_id: PathBuffer, caller: StockKeeper, services: WithServices) -> BufferAnswer:
    """What it kept may be sold online from now on, unless another buffer keeps it."""
    with services.sessions.begin() as session:
        row = session.get(B, buffer_id, with_for_update=True)
        if row is None:
            raise _unknown()
        answer = _answer(row)
        delete_buffer(session, row)
    return answer


def buffer_fields(body: BufferBody) -> dict[str, Any]:
    """Return the columns of a buffer, empty where it names everything."""
    fields = body.model_dump(include=set(BufferBody.model_fields))
    return fields | {name: fields[name] or "" for name in NAMES}


def _keep(services: Services, buffer_id: str, body: BufferBody) -> BufferAnswer:
    try:
        with services.sessions.begin() as session:
            save_buffer(session, buffer_id, buffer_fields(body))
            return _answer(session.get_one(B, buffer_id))
    except Mistake as mistake:
        raise mistake_problem(mistake) from None


def _answer(row: BufferRow) -> BufferAnswer:
    columns = {name: getattr(row, name) for name in BufferAnswer.model_fields}
    empty = {name: None for name in NAMES if not columns[name]}
    return BufferAnswer(**columns | empty)


def _unknown() -> Problem:
    return Problem(NOT_FOUND, "there is no such buffer")
