"""Pick lists of a location for people: by SKU to walk along the shelves, by fulfillment order to pack."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from api.dependencies import Warehouser, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, Problem
from api.openapi import responses, with_content
from api.schemas import Answer
from api.shipping import warehouse_examples as examples
from api.stock.locations import PathLocation, only_at
from domain.sheets import escape_formula
from models.stock import LocationRow

router = APIRouter(tags=["warehouse"])

MAX_FULFILLMENT_ORDERS = 2_000
"""Fulfillment orders on one list, the most urgent first."""
COLUMNS = ("priority", "fulfillment_order_id", "order_id", "status", "wave_at", "urgent", "sku", "title", "quantity")

TO_PICK = text(
    """
    WITH work AS (
        SELECT f.fulfillment_order_id, f.order_id, f.status, f.wave_at, f.created_at, f.pickup,
               coalesce((o.instructions->>'priority')::int, 100) AS priority,
               coalesce((o.instructions->>'urgent')::boolean, false) AS urgent
        FROM fulfillment_orders f JOIN orders o USING (order_id)
        WHERE f.location_id = :location_id AND f.status IN ('open', 'released', 'picking')
        ORDER BY priority, f.created_at, f.fulfillment_order_id LIMIT :most)
    SELECT work.*, line.sku, product.title, line.quantity
    FROM work JOIN fulfillment_lines line USING (fulfillment_order_id) JOIN products product USING (sku)
    ORDER BY priority, created_at, fulfillment_order_id, sku
""".replace("::", r"\:\:")
)


class PickLine(Answer):
    sku: str
    title: str
    quantity: int


class PickOrder(Answer):
    """`wave_at` is when it is released to the warehouse, null for at once. A lower `priority` is picked first."""

    fulfillment_order_id: str
    order_id: str
    status: Literal["open", "released", "picking"]
    priority: int
    urgent: bool
    pickup: bool
    wave_at: datetime | None
    created_at: datetime
    lines: list[PickLine]


class PickList(Answer):
    """The same work twice: by fulfillment order, and in `skus` summed over all of them, the most urgent first."""

    location_id: str
    fulfillment_orders: list[PickOrder]
    skus: list[PickLine]


@router.get(
    "/locations/{location_id}/pick-list",
    summary="Pick list of a location",
    response_model=PickList,
    responses=with_content(
        responses({200: ("What is to be picked", examples.PICK_LIST)}, FORBIDDEN, NOT_FOUND), "text/csv"
    ),
)
def read_pick_list(
    location_id: PathLocation,
    caller: Warehouser,
    services: WithServices,
    format_: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Any:
    """Open and released work, the most urgent first and then the oldest. As CSV it has a row for each line."""
    only_at(caller, location_id)
    with services.sessions() as session:
        rows = _to_pick(session, location_id)
    if format_ == "csv":
        return Response(_sheet(rows), media_type="text/csv; charset=utf-8")
    return PickList(location_id=location_id, fulfillment_orders=_by_order(rows), skus=_by_sku(rows))


def _to_pick(session: Session, location_id: str) -> Sequence[Row[Any]]:
    if session.get(LocationRow, location_id) is None:
        raise Problem(NOT_FOUND, "there is no such location")
    return session.execute(TO_PICK, {"location_id": location_id, "most": MAX_FULFILLMENT_ORDERS}).all()


def _by_order(rows: Iterable[Row[Any]]) -> list[PickOrder]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        work = found.setdefault(row.fulfillment_order_id, {**row._mapping, "lines": []})
        work["lines"].append(PickLine.model_validate(row))
    return [PickOrder.model_validate(work) for work in found.values()]


def _by_sku(rows: Iterable[Row[Any]]) -> list[PickLine]:
    units: dict[tuple[str, str], int] = {}
    for row in rows:
        units[row.sku, row.title] = units.get((row.sku, row.title), 0) + row.quantity
    return [PickLine(sku=sku, title=title, quantity=quantity) for (sku, title), quantity in units.items()]


def _sheet(rows: Iterable[Row[Any]]) -> str:
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(COLUMNS)
    sheet.writerows([escape_formula(getattr(row, name)) for name in COLUMNS] for row in rows)
    return out.getvalue()
