"""Read one order, a list of orders, and the events of an order."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select

from api.access import Caller
from api.dependencies import Reader, WithServices, WorkReader
from api.errors import FORBIDDEN, NOT_FOUND, Problem
from api.inputs import Cursor, Filter, Limit, PathId, after, cut, not_a_cursor
from api.masking import visible_facts
from api.openapi import responses
from api.orders import examples
from api.orders.answers import EventAnswer, OrderAnswer, OrderSummary
from api.orders.at_risk import orders_at_risk, place
from api.orders.order_list import OrderFilter, conditions_of, find_orders, summaries
from api.orders.view import find_order, order_answer
from api.schemas import Page, Time
from domain.fact_words import with_words
from domain.people import is_erased
from domain.status import OrderStatus
from models.database import consistent_read
from models.order import EventWordsRow, OrderEventRow

router = APIRouter(tags=["orders"])


@router.get(
    "/orders/{order_id}",
    summary="One order",
    responses=responses({200: ("The order as it stands", examples.ORDER)}, FORBIDDEN, NOT_FOUND),
)
def read_order(order_id: PathId, caller: WorkReader, services: WithServices) -> OrderAnswer:
    """With its four status axes, holds, lines, fulfillment orders, shipments, payments and returns."""
    with consistent_read(services.sessions) as session:
        return order_answer(session, find_order(session, order_id, caller), caller, services.settings)


@router.get(
    "/orders",
    summary="Orders, newest first",
    responses=responses({200: ("One page", examples.ORDERS)}, FORBIDDEN),
)
def list_orders(
    caller: Reader,
    services: WithServices,
    channel: Filter = None,
    channel_order_id: Filter = None,
    status: OrderStatus | None = None,
    hold: Annotated[Filter, Query(description="The code of a hold that is open")] = None,
    customer: Filter = None,
    created_after: Time | None = None,
    location: Annotated[Filter, Query(description="A location that works or worked on it")] = None,
    at_risk: Annotated[bool, Query(description="Only orders about to miss their deadline, most urgent first")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OrderSummary]:
    """Each page starts after the last order of the page before, so that new orders shift nothing."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads orders of the channel {caller.channel}")
    wanted = OrderFilter(
        channel=caller.channel or channel,
        channel_order_id=channel_order_id,
        status=status,
        hold=hold,
        customer=customer,
        created_after=created_after,
        location=location,
        before=None if at_risk else after(cursor),
    )
    with services.sessions() as session:
        if at_risk:
            risky = orders_at_risk(session, conditions_of(wanted), limit + 1, after(cursor))
            urgent, next_cursor = cut(risky, limit, lambda one: place(*one))
            return Page(
                items=summaries(session, [order for order, _ in urgent], services.settings), next_cursor=next_cursor
            )
        orders, next_cursor = cut(find_orders(session, wanted, limit + 1), limit, lambda order: order.order_id)
        return Page(items=summaries(session, orders, services.settings), next_cursor=next_cursor)


@router.get(
    "/orders/{order_id}/events",
    summary="What happened to an order",
    responses=responses({200: ("One page, oldest first", examples.EVENTS)}, FORBIDDEN, NOT_FOUND),
)
def list_events(
    order_id: PathId, caller: WorkReader, services: WithServices, cursor: Cursor = None, limit: Limit = 100
) -> Page[EventAnswer]:
    """Facts, oldest first; they never change. Free text with a fact is masked for keys that may not see people, and
    gone once the person was erased."""
    last = after(cursor) or "0"
    if not (last.isascii() and last.isdigit()) or len(last) > 18:
        raise not_a_cursor()
    events = select(OrderEventRow, EventWordsRow.words).outerjoin(
        EventWordsRow, EventWordsRow.event_id == OrderEventRow.event_id
    )
    wanted = events.where(OrderEventRow.order_id == order_id, OrderEventRow.event_id > int(last))
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        rows = session.execute(wanted.order_by(OrderEventRow.event_id).limit(limit + 1)).all()
    shown, next_cursor = cut(rows, limit, lambda row: row[0].event_id)
    with_people = caller.sees_people and not is_erased(order.customer_id)
    return Page(items=[_event(row, words, caller, with_people) for row, words in shown], next_cursor=next_cursor)


def _event(row: OrderEventRow, words: dict[str, Any] | None, caller: Caller, with_people: bool) -> EventAnswer:
    event = EventAnswer.model_validate(row)
    return event.model_copy(update={"data": visible_facts(caller, with_words(event.data, words, with_people))})
