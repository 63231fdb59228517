"""Commands to a running order: cancel it, release a hold."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select

from api import examples
from api.access import Caller
from api.dependencies import Canceler, HoldReleaser, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.links import order_links
from api.openapi import json_body, responses
from api.orders.updates import ask_order
from api.orders.view import find_order
from api.schemas import Answer, Body, Links, Prose
from domain.ids import order_workflow_id
from domain.status import OrderStatus
from models.order import HoldRow, OrderRow
from workflows.messages import CancelAnswer, CancelRequest, HoldAnswer, HoldRelease

router = APIRouter(tags=["orders"], route_class=OnceRoute)


class CancelBody(Body):
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description="Kept in the history: name nobody.")]


class HoldReleaseBody(Body):
    note: Annotated[Prose, Field(max_length=300, description="Kept in the history: name nobody.")] = ""


class CancelTold(Answer):
    """`done`: everything so far is undone. `interception_asked`: the carrier is asked to stop the parcel. `pending`:
    the order has not answered yet."""

    answer: Literal["done", "interception_asked", "pending"]
    detail: str
    links: Links


class HoldReleaseTold(Answer):
    """`holds` are the codes of holds still open; null while the answer is `pending`."""

    answer: Literal["done", "pending"]
    holds: list[str] | None
    links: Links


@router.post(
    "/orders/{order_id}/cancel",
    summary="Cancel an order",
    response_model=CancelTold,
    responses=responses(
        {
            200: ("Done, or the carrier is asked to stop the parcel", examples.CANCELED),
            202: ("Sent; the order has not answered yet", examples.CANCELED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(CancelBody, examples.CANCEL),
)
async def cancel_order(
    order_id: PathId, request: Request, response: Response, caller: Canceler, services: WithServices
) -> CancelTold:
    """Undo everything so far, or ask the carrier to stop the parcel. A 409 says why it is too late."""
    told = await cancel(services, caller, order_id, await read_body(request, CancelBody))
    if told.answer == "pending":
        response.status_code = 202
    return told


async def cancel(services: Services, caller: Caller, order_id: str, body: CancelBody) -> CancelTold:
    """Cancel an order for this caller, whose right was checked. Raises a Problem if it is too late."""
    order = await run_in_threadpool(order_of, services, order_id, caller)
    links = links_of(services, order)
    if order.status == OrderStatus.CANCELED:
        return CancelTold(answer="done", detail="the order is canceled", links=links)
    request = CancelRequest(reason=body.reason, actor=caller.name)
    answer = await ask_order(services, order, "cancel", request, CancelAnswer, _cancel_id(order, request))
    if answer is None:
        return CancelTold(answer="pending", detail="the order has not answered yet", links=links)
    if answer.answer == "refused":
        raise Problem(REFUSED, answer.detail)
    return CancelTold.model_validate({"answer": answer.answer, "detail": answer.detail, "links": links})


@router.post(
    "/orders/{order_id}/holds/{code}/release",
    summary="Release a hold",
    response_model=HoldReleaseTold,
    responses=responses(
        {
            200: ("Released; the order goes on once no hold is open", examples.HOLD_RELEASED),
            202: ("Sent; the order has not answered yet", examples.HOLD_RELEASED | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
    openapi_extra=json_body(HoldReleaseBody, examples.HOLD_RELEASE),
)
async def release_hold(
    order_id: PathId, code: PathId, request: Request, response: Response, caller: HoldReleaser, services: WithServices
) -> HoldReleaseTold:
    """Let the order go on in spite of a finding; who did so and why is kept."""
    body = await read_body(request, HoldReleaseBody)
    order, hold_id = await run_in_threadpool(_held_order, services, order_id, code, caller)
    release = HoldRelease(code=code, actor=caller.name, note=body.note)
    answer = await ask_order(services, order, "release_hold", release, HoldAnswer, f"release-hold:{hold_id}")
    links = links_of(services, order)
    if answer is None:
        response.status_code = 202
        return HoldReleaseTold(answer="pending", holds=None, links=links)
    return HoldReleaseTold(answer="done", holds=answer.holds, links=links)


def _cancel_id(order: OrderRow, cancel: CancelRequest) -> str:
    # The same request gets the same answer, but a refusal counts only while the order's status is the same.
    digest = sha256(f"{order.status}\n{cancel.actor}\n{cancel.reason}".encode()).hexdigest()
    return f"cancel:{digest[:24]}"


def links_of(services: Services, order: OrderRow) -> Links:
    workflow_id = order_workflow_id(order.channel, order.channel_order_id)
    return order_links(services.settings, order.order_id, workflow_id)


def order_of(services: Services, order_id: str, caller: Caller) -> OrderRow:
    with services.sessions() as session:
        return find_order(session, order_id, caller)


def _held_order(services: Services, order_id: str, code: str, caller: Caller) -> tuple[OrderRow, int]:
    """Return the order, and the id of its open hold with this code. A 404 if there is none."""
    open_hold = select(HoldRow.hold_id).where(
        HoldRow.order_id == order_id, HoldRow.code == code, HoldRow.released_at.is_(None)
    )
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        hold_id = session.scalar(open_hold)
    if hold_id is None:
        raise Problem(NOT_FOUND, "this hold is not open")
    return order, hold_id
