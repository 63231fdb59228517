"""Write and read products, with the parts of bundles and with substitutes."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import ColumnElement, any_, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import Reader, Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after, cut
from api.openapi import json_body, responses
from api.schemas import Answer, Page
from api.stock import goods_examples as examples
from api.stock.goods_schemas import ProductBody
from models.stock import ProductRow
from record.stock.demand import bundles_now
from record.stock.mistakes import Mistake
from record.stock.products import save_product, set_parts, set_substitutes, substitutes_of

router = APIRouter(tags=["goods"], route_class=OnceRoute)

PathSku = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$")]


class PartAnswer(Answer):
    sku: str
    quantity: int


class ProductAnswer(Answer):
    """`parts` are those of a bundle, else empty; `substitutes` are ranked, the best first.

    A channel's key sees no other channel in `channels`.
    """

    sku: str
    title: str
    on_sale: bool
    weight_grams: int
    hs_code: str
    dangerous_goods_class: str
    goods_class: str
    cross_border: bool
    max_per_order: int | None
    channels: list[str] | None
    bundle_part_only: bool
    vat: int | None
    consumption_tax: int | None
    positive_listed: bool
    low_at: int | None
    return_exclusion: str
    parts: list[PartAnswer]
    substitutes: list[str]


@router.get(
    "/products", summary="Products by SKU", responses=responses({200: ("One page", examples.PRODUCTS)}, FORBIDDEN)
)
def list_products(
    caller: Reader, services: WithServices, sku: Filter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProductAnswer]:
    """Sorted by SKU."""
    wanted = select(ProductRow).where(*sold_to(caller)).order_by(ProductRow.sku).limit(limit + 1)
    if sku is not None:
        wanted = wanted.where(ProductRow.sku == sku)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(ProductRow.sku > last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.sku)
        return Page(items=_answers(session, rows, caller), next_cursor=next_cursor)


@router.get(
    "/products/{sku}",
    summary="One product",
    responses=responses({200: ("As it is now", examples.PRODUCT)}, FORBIDDEN, NOT_FOUND),
)
def read_product(sku: PathSku, caller: Reader, services: WithServices) -> ProductAnswer:
    """With its present parts and substitutes."""
    with services.sessions() as session:
        return _answers(session, [find_product(session, sku, caller)], caller)[0]


@router.put(
    "/products/{sku}",
    summary="Add or replace a product",
    response_model=ProductAnswer,
    responses=responses({200: ("As it is now", examples.PRODUCT)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(ProductBody, examples.PRODUCT_BODY),
)
async def keep_product(sku: PathSku, request: Request, caller: StockKeeper, services: WithServices) -> ProductAnswer:
    """The body replaces the whole product. Orders received before keep the parts that a bundle had then."""
    body = await read_body(request, ProductBody)
    return await run_in_threadpool(_keep, services, sku, body, caller)


def sold_to(caller: Caller) -> list[ColumnElement[bool]]:
    """Match the products that the caller may see: a channel does not see what only other channels sell."""
    if caller.channel is None:
        return []
    return [ProductRow.channels.is_(None) | (any_(ProductRow.channels) == caller.channel)]


def find_product(session: Session, sku: str, caller: Caller) -> ProductRow:
    """Return the product. A 404 if it does not exist or the caller may not see it."""
    row = session.scalar(select(ProductRow).where(ProductRow.sku == sku, *sold_to(caller)))
    if row is None:
        raise Problem(NOT_FOUND, "there is no such product")
    return row


def _keep(services: Services, sku: str, body: ProductBody, caller: Caller) -> ProductAnswer:
    try:
        with services.sessions.begin() as session:
            save_product(session, sku, body.model_dump(exclude={"parts", "substitutes"}))
            set_parts(session, sku, {part.sku: part.quantity for part in body.parts})
            set_substitutes(session, sku, body.substitutes)
            return _answers(session, [find_product(session, sku, caller)], caller)[0]
    except Mistake as mistake:
        raise mistake_problem(mistake) from None


def _answers(session: Session, rows: Sequence[ProductRow], caller: Caller) -> list[ProductAnswer]:
    skus = [row.sku for row in rows]
    bundles, substitutes = bundles_now(session, skus), substitutes_of(session, skus)
    columns = ProductAnswer.model_fields.keys() - {"channels", "parts", "substitutes"}
    return [
        ProductAnswer(
            **{name: getattr(row, name) for name in columns},
            channels=[caller.channel] if row.channels is not None and caller.channel else row.channels,
            parts=[PartAnswer(sku=sku, quantity=each) for sku, each in bundles.get(row.sku, {}).items()],
            substitutes=substitutes.get(row.sku, []),
        )
        for row in rows
    ]
