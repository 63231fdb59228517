"""Staff end a review: they force the order on in spite of all holds, or reject it."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api import examples
from api.dependencies import Forcer, Rejecter, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.commands import HoldReleaseTold, links_of, order_of
from api.orders.updates import ask_order
from api.schemas import Answer, Body, Links, Prose
from workflows.messages import Force, HoldAnswer, Rejection

router = APIRouter(tags=["orders"], route_class=OnceRoute)

Why = Annotated[Prose, Field(min_length=1, max_length=300, description="Kept in the history: name nobody.")]


class ForceBody(Body):
    note: Why


class RejectBody(Body):
    reason: Why


class RejectTold(Answer):
    """`done`: the order is rejected and paid back. `pending`: the order has not answered yet."""

    answer: Literal["done", "pending"]
    links: Links


@router.post(
    "/orders/{order_id}/force",
    summary="Release all holds by force",
    response_model=HoldReleaseTold,
    responses=responses(
        {
            200: ("Released; the order goes on", examples.HOLD_RELEASED),
            202: ("Sent; the order has not answered yet", examples.HOLD_RELEASED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(ForceBody, examples.FORCE),
)
async def force_order(
    order_id: PathId, request: Request, response: Response, caller: Forcer, services: WithServices
) -> HoldReleaseTold:
    """Let the order go on in spite of all its holds; who did so and why is kept. A 409 if nothing holds it."""
    body = await read_body(request, ForceBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    force = Force(actor=caller.name, note=body.note)
    update_id = f"force:{order.status}:{_digest(caller.name, body.note)}"
    answer = await ask_order(services, order, "force", force, HoldAnswer, update_id)
    if answer is None:
        response.status_code = 202
    return HoldReleaseTold(
        answer="done" if answer else "pending",
        holds=answer.holds if answer else None,
        links=links_of(services, order),
    )


@router.post(
    "/orders/{order_id}/reject",
    summary="Reject an order under review",
    response_model=RejectTold,
    responses=responses(
        {
            200: ("Rejected, and paid back", examples.REJECTED),
            202: ("Sent; the order has not answered yet", examples.REJECTED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(RejectBody, examples.REJECT),
)
async def reject_order(
    order_id: PathId, request: Request, response: Response, caller: Rejecter, services: WithServices
) -> RejectTold:
    """End an order on which no work has begun, and undo what was done. A 409 when it is too late: cancel it then."""
    body = await read_body(request, RejectBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    rejection = Rejection(actor=caller.name, reason=body.reason)
    answer = await ask_order(services, order, "reject", rejection, str, f"reject:{_digest(caller.name, body.reason)}")
    if answer is None:
        response.status_code = 202
    return RejectTold(answer="done" if answer else "pending", links=links_of(services, order))


def _digest(actor: str, why: str) -> str:
    """Make the same request the same update."""
    return sha256(f"{actor}\n{why}".encode()).hexdigest()[:24]
