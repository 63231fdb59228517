"""Lists messages to partners about milestones: sent, waiting and parked."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import computed_field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN, invalid
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after_number, cut
from api.openapi import responses
from api.schemas import Answer, Page
from api.subscriptions import examples
from models.messaging import MessageRow
from models.order import OrderRow

router = APIRouter(tags=["messages"], route_class=OnceRoute)

M = MessageRow
Recipient = Literal["inbox", "channel", "erp", "crm"]


class MessageAnswer(Answer):
    """A message that is sent, parked, or waiting for the run of its recipient. It has no content here: that is read
    when it is sent."""

    message_id: str
    order_id: str
    recipient: str
    milestone: str
    created_at: datetime
    tries: int
    last_error: str | None
    sent_at: datetime | None
    parked_at: datetime | None
    redelivered_at: datetime | None
    settled_by: str | None
    same_as: str | None
    """The earlier message with the same news for the customer, because of which this one was not sent; null if it is
    another channel's."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def left_at(self) -> datetime:
        """Since when its recipient's run has it."""
        return self.redelivered_at or self.created_at


@router.get(
    "/messages",
    summary="Messages to partners",
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
    """A message is parked when its recipient has not taken it, or one before it, for as long as it is tried. Messages
    that are not parked are listed only by order."""
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
        known = _of_channel(session, caller.channel, {row.same_as for row in rows if row.same_as})
    items = [MessageAnswer.model_validate(row) for row in rows]
    return Page(items=[_without_unknown(item, known) for item in items], next_cursor=following)


def _of_channel(session: Session, channel: str | None, names: set[str]) -> set[str]:
    """Return those of these messages that the caller may see."""
    if channel is None or not names:
        return names
    mine = select(M.message_id).join(OrderRow, OrderRow.order_id == M.order_id).where(OrderRow.channel == channel)
    return set(session.scalars(mine.where(M.message_id.in_(names))))


def _without_unknown(item: MessageAnswer, known: set[str]) -> MessageAnswer:
    return item if item.same_as in known else item.model_copy(update={"same_as": None})
