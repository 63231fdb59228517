"""Staff decide about lines that are short: wait, ship what there is, cancel the line, or send a substitute."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, model_validator

from api.dependencies import Services, ShortageDecider, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders.commands import links_of, order_of
from api.orders.line_answers import ShortLine
from api.orders.updates import ask_order
from api.orders.view import shortages_of
from api.schemas import Answer, Body, Links, Prose, Sku
from api.stock import arrival_examples as examples
from workflows.messages import ShortageAnswer, ShortageDecision

router = APIRouter(tags=["orders"], route_class=OnceRoute)


class ShortageBody(Body):
    """Without `sku` it is about all short lines; a substitute is for one SKU."""

    action: Literal["wait", "split", "cancel_line", "substitute"]
    sku: Sku | None = None
    substitute_sku: Sku | None = None
    note: Annotated[Prose, Field(max_length=300, description="Kept in the history: name nobody.")] = ""

    @model_validator(mode="after")
    def substitute_for_one(self) -> "ShortageBody":
        if (self.action == "substitute") != bool(self.substitute_sku) or (self.substitute_sku and not self.sku):
            raise ValueError("substitute_sku, with the sku it replaces, belongs to the action substitute and no other")
        return self


class ShortageTold(Answer):
    """`done`: the decision is carried out. `pending`: the order has not answered yet."""

    answer: Literal["done", "pending"]
    links: Links


@router.post(
    "/orders/{order_id}/shortage",
    summary="Decide about lines that are short",
    response_model=ShortageTold,
    responses=responses(
        {
            200: ("Carried out", examples.DECIDED),
            202: ("Sent; the order has not answered yet", examples.DECIDED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(ShortageBody, examples.DECIDE),
)
async def decide_shortage(
    order_id: PathId, request: Request, response: Response, caller: ShortageDecider, services: WithServices
) -> ShortageTold:
    """Money for canceled lines is paid back; a substitute keeps the original's price. A 409 says why it is refused."""
    body = await read_body(request, ShortageBody)
    order = await run_in_threadpool(order_of, services, order_id, caller)
    decision = ShortageDecision(body.action, caller.name, body.sku or "", body.substitute_sku or "", body.note)
    shortages = await run_in_threadpool(_short, services, order_id)
    # The same request about the same shortage gets the same answer; once the shortage changes, it is a new request.
    digest = sha256(f"{decision}\n{shortages}".encode()).hexdigest()
    answer = await ask_order(services, order, "decide_shortage", decision, ShortageAnswer, f"shortage:{digest[:24]}")
    if answer is None:
        response.status_code = 202
    elif answer.refusal:
        raise Problem(REFUSED, answer.refusal)
    return ShortageTold(answer="done" if answer else "pending", links=links_of(services, order))


def _short(services: Services, order_id: str) -> list[ShortLine]:
    with services.sessions() as session:
        return shortages_of(session, order_id)
