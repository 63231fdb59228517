"""Takes an order out of the parcel that it shares with others of the same receiver."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api import examples
from api.dependencies import Unmerger, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.commands import links_of, order_of
from api.orders.updates import ask_order
from api.schemas import Answer, Body, Links, Prose
from workflows.messages import UnmergeAnswer, UnmergeRequest

router = APIRouter(tags=["orders"], route_class=OnceRoute)


class UnmergeBody(Body):
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description="Kept in the history: name nobody.")]


class UnmergeTold(Answer):
    """`done`: the order ships by itself, and the others go on without it. `pending`: the order has not answered yet."""

    answer: Literal["done", "pending"]
    links: Links


@router.post(
    "/orders/{order_id}/unmerge",
    summary="Ship an order by itself",
    response_model=UnmergeTold,
    responses=responses(
        {
            200: ("It ships by itself", examples.UNMERGED),
            202: ("Sent; the order has not answered yet", examples.UNMERGED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(UnmergeBody, examples.UNMERGE),
)
async def unmerge_order(
    order_id: PathId, request: Request, response: Response, caller: Unmerger, services: WithServices
) -> UnmergeTold:
    """Take it out of the parcel that it shares with other orders. A 409 when it shares none, or the carrier has it."""
    body = await read_body(request, UnmergeBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    unmerge = UnmergeRequest(actor=caller.name, reason=body.reason)
    digest = sha256(f"{caller.name}\n{body.reason}".encode()).hexdigest()
    answer = await ask_order(services, order, "unmerge", unmerge, UnmergeAnswer, f"unmerge:{digest[:24]}")
    if answer is None:
        response.status_code = 202
    elif answer.answer == "refused":
        raise Problem(REFUSED, "the carrier has the parcel")
    return UnmergeTold(answer="done" if answer else "pending", links=links_of(services, order))
