"""Counts of stock: people report what they found, and the difference is booked."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from api.access import Caller
from api.dependencies import Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, OTHER_BODY, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.schemas import Answer
from api.stock import goods_examples as examples
from api.stock.schemas import StockCountBody
from record.stock.counts import Count, book_count
from record.stock.mistakes import IdUsedBefore, Mistake

router = APIRouter(tags=["stock"], route_class=OnceRoute)


class DifferenceAnswer(Answer):
    """`units` is the difference booked: above 0 when more was found than the record had."""

    sku: str
    units: int


class StockCountAnswer(Answer):
    """`differences` has only SKUs whose count differs from the record."""

    count_id: str
    location_id: str
    counted_lines: int
    differences: list[DifferenceAnswer]


@router.post(
    "/stock-counts",
    status_code=201,
    summary="Book a count",
    response_model=StockCountAnswer,
    responses=responses({201: ("What was booked", examples.COUNTED)}, BAD_KEY, FORBIDDEN, OTHER_BODY),
    openapi_extra=json_body(StockCountBody, examples.COUNT),
)
async def count_stock(request: Request, caller: StockKeeper, services: WithServices) -> StockCountAnswer:
    """Differences become `adjusted` movements, with the reason and who counted. A count below what is promised to
    orders is refused: change those orders first.
    """
    body = await read_body(request, StockCountBody)
    return await run_in_threadpool(_book, services, body, caller)


def _book(services: Services, body: StockCountBody, caller: Caller) -> StockCountAnswer:
    units = {line.sku: line.counted for line in body.lines}
    try:
        with services.sessions.begin() as session:
            count = Count(body.count_id, body.location_id, units, body.reason, caller.name)
            booked = book_count(session, count)
    except Mistake as mistake:
        raise mistake_problem(mistake) from None
    except IdUsedBefore:
        raise Problem(OTHER_BODY, "this count_id came before with another count") from None
    differences = [DifferenceAnswer(sku=sku, units=off) for sku, off in sorted(booked.items())]
    return StockCountAnswer(
        count_id=body.count_id, location_id=body.location_id, counted_lines=len(units), differences=differences
    )
