"""Deliveries to a subscriber: list them, send a ping, replay events, send one again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select

from api.access import Caller
from api.dependencies import Services, Subscriber, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, PathId, after_number, cut
from api.openapi import json_body, responses
from api.schemas import Page
from api.subscriptions import examples
from api.subscriptions.schemas import DeliveryAnswer, DeliveryAsked, ReplayAsked, ReplayBody
from api.subscriptions.subscriptions import find_subscription
from domain.ids import new_ping_id
from domain.public_events import PING
from models.subscription import WAITING, DeliveryRow
from record.subscriptions.log import position_before

router = APIRouter(tags=["subscriptions"], route_class=OnceRoute)

D = DeliveryRow
State = Literal["waiting", "delivered", "parked"]
DeliveryId = Annotated[int, Path(ge=1, le=2**62)]


@router.get(
    "/subscriptions/{subscription_id}/deliveries",
    summary="Deliveries of a subscription",
    responses=responses({200: ("One page, newest first", examples.DELIVERIES)}, FORBIDDEN, NOT_FOUND),
)
def list_deliveries(
    subscription_id: PathId,
    caller: Subscriber,
    services: WithServices,
    state: Annotated[State | None, Query(description="`parked` ones are tried no more")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryAnswer]:
    """Delivered ones are kept for a week, or as long as BATON_DELIVERIES_KEPT says."""
    wanted = select(D).where(D.subscription_id == subscription_id).order_by(D.delivery_id.desc()).limit(limit + 1)
    if state is not None:
        wanted = wanted.where(D.state == state)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(D.delivery_id < last)
    with services.sessions() as session:
        find_subscription(session, subscription_id, caller)
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.delivery_id)
    return Page(items=[DeliveryAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.post(
    "/subscriptions/{subscription_id}/ping",
    status_code=202,
    summary="Send a test event",
    responses=responses({202: ("Look at its delivery", examples.ASKED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def ping(subscription_id: PathId, caller: Subscriber, services: WithServices) -> DeliveryAsked:
    """Of the type `com.baton.ping`, signed like all others, to test a receiver."""
    with services.sessions.begin() as session:
        find_subscription(session, subscription_id, caller)
        row = DeliveryRow(subscription_id=subscription_id, message_id=new_ping_id(), type=PING)
        session.add(row)
        session.flush()
        return DeliveryAsked(delivery_id=row.delivery_id)


@router.post(
    "/subscriptions/{subscription_id}/replay",
    status_code=202,
    summary="Send all events again since a time",
    response_model=ReplayAsked,
    responses=responses({202: ("It begins", examples.REPLAY)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(ReplayBody, examples.REPLAY),
)
async def replay(subscription_id: PathId, request: Request, caller: Subscriber, services: WithServices) -> ReplayAsked:
    """From the log of orders, with the same ids: a receiver takes what it missed and recognizes the rest."""
    body = await read_body(request, ReplayBody)
    await run_in_threadpool(_replay, services, caller, subscription_id, body)
    return ReplayAsked(since=body.since)


@router.post(
    "/subscriptions/{subscription_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    summary="Send one message again",
    responses=responses({202: ("Look at its delivery", examples.ASKED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def redeliver(
    subscription_id: PathId, delivery_id: DeliveryId, caller: Subscriber, services: WithServices
) -> DeliveryAsked:
    """Whatever its state; its schedule of tries starts over."""
    with services.sessions.begin() as session:
        find_subscription(session, subscription_id, caller)
        row = session.get(DeliveryRow, delivery_id, with_for_update=True)
        if row is None or row.subscription_id != subscription_id:
            raise Problem(NOT_FOUND, "there is no such delivery")
        row.state, row.tries, row.settled_at = WAITING, 0, None
        row.queued_at = row.due_at = func.now()
    return DeliveryAsked(delivery_id=delivery_id)


def _replay(services: Services, caller: Caller, subscription_id: str, body: ReplayBody) -> None:
    with services.sessions.begin() as session:
        row = find_subscription(session, subscription_id, caller, lock=True)
        row.position = min(row.position, position_before(session, body.since, row.position))
