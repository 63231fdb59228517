"""People change stock: they adjust it at a location, or transfer it to another."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from api.dependencies import Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, OTHER_BODY, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.schemas import Answer
from api.stock import goods_examples as examples
from api.stock.schemas import AdjustmentBody, TransferBody
from record.stock.changes import Adjustment, Transfer, book_adjustment, book_transfer
from record.stock.mistakes import IdUsedBefore, Mistake

router = APIRouter(tags=["stock"], route_class=OnceRoute)


class BookedAnswer(Answer):
    """`id` is the sender's own; `lines` counts the SKUs."""

    id: str
    lines: int


@router.post(
    "/stock/adjustments",
    status_code=201,
    summary="Correct what is on hand",
    response_model=BookedAnswer,
    responses=responses({201: ("It is booked", examples.ADJUSTED)}, BAD_KEY, FORBIDDEN, OTHER_BODY),
    openapi_extra=json_body(AdjustmentBody, examples.ADJUSTMENT),
)
async def adjust_stock(request: Request, caller: StockKeeper, services: WithServices) -> BookedAnswer:
    """All lines or none become `adjusted` movements, with the reason and who asked. Units promised to orders must still
    be there.
    """
    body = await read_body(request, AdjustmentBody)
    units = {line.sku: line.units for line in body.lines}
    adjustment = Adjustment(body.adjustment_id, body.location_id, units, body.reason, caller.name)
    return await run_in_threadpool(_book, services, adjustment)


@router.post(
    "/stock/transfers",
    status_code=201,
    summary="Move stock to another location",
    response_model=BookedAnswer,
    responses=responses({201: ("It is booked", examples.TRANSFERRED)}, BAD_KEY, FORBIDDEN, OTHER_BODY),
    openapi_extra=json_body(TransferBody, examples.TRANSFER),
)
async def transfer_stock(request: Request, caller: StockKeeper, services: WithServices) -> BookedAnswer:
    """All lines or none become `transferred` movements, one at each location. Only units not promised to orders can be
    moved.
    """
    body = await read_body(request, TransferBody)
    units = {line.sku: line.units for line in body.lines}
    transfer = Transfer(body.transfer_id, body.from_location, body.to_location, units, body.reason, caller.name)
    return await run_in_threadpool(_book, services, transfer)


def _book(services: Services, change: Adjustment | Transfer) -> BookedAnswer:
    try:
        with services.sessions.begin() as session:
            if isinstance(change, Adjustment):
                book_adjustment(session, change)
                return BookedAnswer(id=change.adjustment_id, lines=len(change.units))
            book_transfer(session, change)
            return BookedAnswer(id=change.transfer_id, lines=len(change.units))
    except Mistake as mistake:
        raise mistake_problem(mistake) from None
    except IdUsedBefore:
        raise Problem(OTHER_BODY, "this id came before with another body") from None
