"""Sends parked messages again, all of a recipient or one by one, or settles one that its recipient never takes."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from api.access import Caller
from api.dependencies import Redeliverer, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.partners.messages import Recipient
from api.schemas import Answer, Body
from api.stock.schemas import Reason
from api.subscriptions import examples
from models.messaging import MessageRow
from models.order import OrderEventRow

router = APIRouter(tags=["messages"], route_class=OnceRoute)

M = MessageRow
_EARLIER = aliased(MessageRow)
NOTHING_AHEAD = ~exists().where(
    _EARLIER.order_id == M.order_id,
    _EARLIER.recipient == M.recipient,
    _EARLIER.sequence < M.sequence,
    _EARLIER.parked_at.is_not(None),
)
"""A recipient gets the messages of an order in the sequence of their milestones."""


class RedeliveryBody(Body):
    recipient: Recipient


class SettlingBody(Body):
    """The reason why the message need not be sent. It is kept in the order's log and must name nobody."""

    reason: Reason


class RedeliveryAsked(Answer):
    """`messages` counts those that are sent again, or settled, oldest first, when their recipient's run reaches
    them."""

    messages: int


@router.post(
    "/messages/redeliver",
    status_code=202,
    summary="Send all parked messages of a recipient again",
    response_model=RedeliveryAsked,
    responses=responses({202: ("It begins", examples.REDELIVERED)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(RedeliveryBody, examples.REDELIVERY),
)
async def redeliver_all(request: Request, caller: Redeliverer, services: WithServices) -> RedeliveryAsked:
    """Also of orders that have ended. A message that is not taken for as long again is parked again."""
    body = await read_body(request, RedeliveryBody)
    return RedeliveryAsked(messages=await run_in_threadpool(_again, services, M.recipient == body.recipient))


@router.post(
    "/messages/{message_id:path}/redeliver",
    status_code=202,
    summary="Send a parked message again",
    responses=responses({202: ("It begins", {"messages": 1})}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def redeliver_one(message_id: PathId, caller: Redeliverer, services: WithServices) -> RedeliveryAsked:
    """A 409 says that the message is not parked (it was taken or is still tried), or would overtake an earlier one."""
    if not (asked := _again(services, M.message_id == message_id, NOTHING_AHEAD)):
        raise _why_not(services, message_id)
    return RedeliveryAsked(messages=asked)


@router.post(
    "/messages/{message_id:path}/settle",
    status_code=202,
    summary="Settle a parked message without sending it",
    response_model=RedeliveryAsked,
    responses=responses({202: ("It counts as taken", {"messages": 1})}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(SettlingBody, examples.SETTLING),
)
async def settle(message_id: PathId, request: Request, caller: Redeliverer, services: WithServices) -> RedeliveryAsked:
    """For a message that the recipient got by other means or never takes: later ones of its order may then be sent."""
    body = await read_body(request, SettlingBody)
    return await run_in_threadpool(_settle, services, caller, message_id, body.reason)


def _settle(services: Services, caller: Caller, message_id: str, reason: str) -> RedeliveryAsked:
    with services.sessions.begin() as session:
        found = _send(session, {"settled_by": caller.name}, M.message_id == message_id, NOTHING_AHEAD)
        for row in found:
            data = {"message_id": message_id, "reason": reason}
            fact = {"type": "message.settled", "key": f"settled:{message_id}", "actor": caller.name, "data": data}
            session.execute(insert(OrderEventRow).values(order_id=row.order_id, **fact).on_conflict_do_nothing())
    if not found:
        raise _why_not(services, message_id)
    return RedeliveryAsked(messages=1)


def _why_not(services: Services, message_id: str) -> Problem:
    with services.sessions() as session:
        known = session.get(MessageRow, message_id)
        if known is None:
            return Problem(NOT_FOUND, "there is no such message")
        if known.parked_at is None:
            return Problem(REFUSED, "it is not parked")
        ahead = select(M.message_id).where(M.order_id == known.order_id, M.recipient == known.recipient)
        first = session.scalar(ahead.where(M.parked_at.is_not(None)).order_by(M.sequence).limit(1))
    return Problem(REFUSED, f"it is behind {first}, which is parked: send that again first")


def _again(services: Services, *which: ColumnElement[bool]) -> int:
    with services.sessions.begin() as session:
        return len(_send(session, {}, *which))


def _send(session: Session, more: dict[str, Any], *which: ColumnElement[bool]) -> list[Row[str]]:
    """Hand parked messages to the run of their recipient."""
    again = {"parked_at": None, "redelivered_at": func.now(), "tries": 0, "last_error": None}
    parked = update(M).where(*which, M.parked_at.is_not(None)).values(again | more).returning(M.order_id)
    return list(session.execute(parked, execution_options={"synchronize_session": False}).all())
