"""Read what waits for the waves of a location, and release it early."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import text

from api.dependencies import Services, Warehouser, WaveReader, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.schemas import Answer, Body, Prose
from api.shipping import warehouse_examples as examples
from api.stock.locations import PathLocation, only_at
from domain.waves import next_wave
from models.stock import LocationRow
from record.shipping.waves import release_wave
from record.stock.locations import calendar_of

router = APIRouter(tags=["warehouse"], route_class=OnceRoute)

# Work of a released wave counts until the warehouse has it, which takes a moment for thousands of orders.
WAITING = text("""
    SELECT wave_at, wave_at <= now() AS released, count(DISTINCT fulfillment_order_id) AS fulfillment_orders,
           sum(quantity) AS units
    FROM fulfillment_orders JOIN fulfillment_lines USING (fulfillment_order_id)
    WHERE location_id = :location_id AND status = 'open' AND wave_at IS NOT NULL
    GROUP BY wave_at ORDER BY wave_at
""")


class WaveBody(Body):
    note: Annotated[Prose, Field(max_length=300, description="Kept in the log of each order: name nobody.")] = ""


class WaveAnswer(Answer):
    """The work that a wave still holds. Once it is `released`, the figures go down to 0 as the orders are passed on in
    turn."""

    wave_at: datetime
    released: bool
    fulfillment_orders: int
    units: int


class WavesAnswer(Answer):
    """`next_at` is when work of an order that comes now will be released; null is at once."""

    location_id: str
    next_at: datetime | None
    waves: list[WaveAnswer]


class Released(Answer):
    """`released` counts the fulfillment orders that no longer wait."""

    released: int


@router.get(
    "/locations/{location_id}/waves",
    summary="Waves of a location",
    responses=responses({200: ("What waits, by wave", examples.WAVES)}, FORBIDDEN, NOT_FOUND),
)
def list_waves(location_id: PathLocation, caller: WaveReader, services: WithServices) -> WavesAnswer:
    """Work that waits for a wave is open: it can be canceled or moved elsewhere without asking the warehouse."""
    only_at(caller, location_id)
    with services.sessions() as session:
        row = session.get(LocationRow, location_id)
        if row is None:
            raise Problem(NOT_FOUND, "there is no such location")
        waiting = session.execute(WAITING, {"location_id": location_id}).all()
    waves = [WaveAnswer.model_validate(wave) for wave in waiting]
    next_at = next_wave(calendar_of(row), row.waves, datetime.now(UTC))
    return WavesAnswer(location_id=location_id, next_at=next_at, waves=waves)


@router.post(
    "/locations/{location_id}/waves",
    summary="Release a wave now",
    response_model=Released,
    responses=responses({200: ("It is released", {"released": 312})}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(WaveBody, examples.WAVE),
)
async def release(location_id: PathLocation, request: Request, caller: Warehouser, services: WithServices) -> Released:
    """All waiting work of the location goes to the warehouse now, in turn; who released it and why is kept."""
    only_at(caller, location_id)
    body = await read_body(request, WaveBody)
    return await run_in_threadpool(_release, services, location_id, caller.name, body.note)


def _release(services: Services, location_id: str, actor: str, note: str) -> Released:
    with services.sessions.begin() as session:
        if session.get(LocationRow, location_id) is None:
            raise Problem(NOT_FOUND, "there is no such location")
        return Released(released=release_wave(session, location_id, actor, note))
