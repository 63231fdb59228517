"""Reports on stock: differences that a warehouse counted, and events that could not be booked."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select

from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN
from api.inputs import Cursor, Filter, Limit, after, cut, not_a_cursor
from api.openapi import responses
from api.schemas import Answer, Page
from api.stock import arrival_examples as examples
from models.arrivals import StockDifferenceRow, StockExceptionRow

router = APIRouter(tags=["stock"])

Alerts = Annotated[bool | None, Query(description="Only those that are an alert, or only the others")]
Open = Annotated[bool, Query(description="Only those that are not resolved")]


class Difference(Answer):
    """`difference` is how many units the warehouse has more (below 0: fewer); `adjusted` of them were booked. Fewer
    than all are booked when units are promised to orders, and that is always an alert."""

    difference_id: int
    kind: Literal["snapshot", "delta"]
    count_id: str
    sku: str
    location_id: str
    difference: int
    adjusted: int
    reason: str
    alert: bool
    at: datetime


class StockException(Answer):
    """`code` is unknown_goods or unknown_location (resolved once they are added), or more_than_ordered."""

    exception_id: int
    partner: str
    event_id: str
    code: str
    detail: str
    raised_at: datetime
    resolved_at: datetime | None


@router.get(
    "/stock/differences",
    summary="Differences between counts and the record",
    responses=responses({200: ("One page", examples.DIFFERENCES)}, FORBIDDEN),
)
def list_differences(
    caller: OperationsReader,
    services: WithServices,
    alert: Alerts = None,
    location: Filter = None,
    sku: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Difference]:
    """Newest first."""
    wanted = select(StockDifferenceRow).order_by(StockDifferenceRow.difference_id.desc()).limit(limit + 1)
    if alert is not None:
        wanted = wanted.where(StockDifferenceRow.alert == alert)
    if location is not None:
        wanted = wanted.where(StockDifferenceRow.location_id == location)
    if sku is not None:
        wanted = wanted.where(StockDifferenceRow.sku == sku)
    if (last := _number(cursor)) is not None:
        wanted = wanted.where(StockDifferenceRow.difference_id < last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.difference_id)
    return Page(items=[Difference.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/stock/exceptions",
    summary="Events about stock that could not be booked as reported",
    responses=responses({200: ("One page", examples.EXCEPTIONS)}, FORBIDDEN),
)
def list_exceptions(
    caller: OperationsReader, services: WithServices, open_only: Open = True, cursor: Cursor = None, limit: Limit = 50
) -> Page[StockException]:
    """Newest first. Add an unknown product or location, and the event is booked automatically."""
    wanted = select(StockExceptionRow).order_by(StockExceptionRow.exception_id.desc()).limit(limit + 1)
    if open_only:
        wanted = wanted.where(StockExceptionRow.resolved_at.is_(None))
    if (last := _number(cursor)) is not None:
        wanted = wanted.where(StockExceptionRow.exception_id < last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.exception_id)
    return Page(items=[StockException.model_validate(row) for row in rows], next_cursor=next_cursor)


def _number(cursor: str | None) -> int | None:
    last = after(cursor)
    if last is None:
        return None
    if not last.isdecimal() or len(last) > 18:
        raise not_a_cursor()
    return int(last)
