"""Messages to the partners about milestones: what waits, what was parked, and sending it again."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import aliased

from api import subscription_examples as examples
from api.dependencies import Reader, Redeliverer, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.parameters import Cursor, Filter, Limit, PathId, after_number, cut
from api.schemas import Answer, Body, Page
from models.messaging import MessageRow
from models.order import OrderRow

router = APIRouter(tags=["messages"], route_class=OnceRoute)

M = MessageRow
_EARLIER = aliased(MessageRow)
NOTHING_AHEAD = ~exists().where(
    _EARLIER.order_id == M.order_id,
    _EARLIER.recipient == M.recipient,
    _EARLIER.sequence < M.sequence,
    _EARLIER.parked_at.is_not(None),
)
"""A recipient hears of an order in the order of its milestones."""
Recipient = Literal["inbox", "channel", "erp", "crm"]


class RedeliveryBody(Body):
    recipient: Recipient


class MessageAnswer(Answer):
    """Sent, parked, or still waiting. Its content is read when it is sent, so it is not here.

    From `left_at` on it is told by the run of its recipient, as it was not taken at once or is behind one that was not.
    """

    message_id: str
    order_id: str
    recipient: str
    milestone: str
    created_at: datetime
    tries: int
    last_error: str | None
    sent_at: datetime | None
    left_at: datetime | None
    parked_at: datetime | None
    redelivered_at: datetime | None
    same_as: str | None
    """The message that had told the customer the same, so that this one was not sent."""


class RedeliveryAsked(Answer):
    """So many messages are sent again, oldest first, as soon as the recipient takes them."""

    messages: int


@router.get(
    "/messages",
    summary="What partners were and are to be told",
    responses=responses({200: ("One page, oldest first", examples.MESSAGES)}, FORBIDDEN),
)
def list_messages(
    caller: Reader,
    services: WithServices,
    parked: Annotated[bool | None, Query(description="true: those that are tried no more")] = None,
    recipient: Recipient | None = None,
    order_id: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MessageAnswer]:
    """A message is parked when its recipient did not take it, or one before it, for as long as it is tried. The others
    are listed by order only."""
    if parked is False and order_id is None:
        raise invalid("order_id", "is needed for messages that are not parked")
    wanted = select(M).order_by(M.sequence).limit(limit + 1)
    if parked or order_id is None:
        wanted = wanted.where(M.parked_at.is_not(None))
    elif parked is False:
        wanted = wanted.where(M.parked_at.is_(None))
    if recipient is not None:
        wanted = wanted.where(M.recipient == recipient)
    if order_id is not None:
        wanted = wanted.where(M.order_id == order_id)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(M.sequence > last)
    if caller.channel is not None:
        wanted = wanted.join(OrderRow, OrderRow.order_id == M.order_id).where(OrderRow.channel == caller.channel)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.sequence)
    return Page(items=[MessageAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.post(
    "/messages/redeliver",
    status_code=202,
    summary="Send again all that was parked for a recipient",
    response_model=RedeliveryAsked,
    responses=responses({202: ("It begins", examples.REDELIVERED)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(RedeliveryBody, examples.REDELIVERY),
)
async def redeliver_all(request: Request, caller: Redeliverer, services: WithServices) -> RedeliveryAsked:
    """Also of orders that have ended. What is not taken for as long again is parked again."""
    body = await read_body(request, RedeliveryBody)
    return RedeliveryAsked(messages=await run_in_threadpool(_again, services, M.recipient == body.recipient))


@router.post(
    "/messages/{message_id:path}/redeliver",
    status_code=202,
    summary="Send a parked message again",
    responses=responses({202: ("It begins", {"messages": 1})}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def redeliver_one(message_id: PathId, caller: Redeliverer, services: WithServices) -> RedeliveryAsked:
    """A 409 says that it is not parked, as it was taken or is still tried, or that it would overtake an earlier one."""
    if not (asked := _again(services, M.message_id == message_id, NOTHING_AHEAD)):
        raise _why_not(services, message_id)
    return RedeliveryAsked(messages=asked)


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
    now = func.now()
    again = {"parked_at": None, "redelivered_at": now, "left_at": now, "tries": 0, "last_error": None}
    parked = update(M).where(*which, M.parked_at.is_not(None)).values(again).returning(M.sequence)
    with services.sessions.begin() as session:
        return len(session.execute(parked, execution_options={"synchronize_session": False}).all())
