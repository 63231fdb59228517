"""Read one order, a list of orders, and the events of an order."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select

from api.access import Caller
from api.dependencies import Reader, WithServices, WorkReader
from api.errors import FORBIDDEN, NOT_FOUND, invalid
from api.inputs import Cursor, Limit, PathId, after, as_cursor, cut, not_a_cursor
from api.masking import visible_facts
from api.openapi import responses
from api.orders import examples
from api.orders.answers import EventAnswer, OrderAnswer, OrderPage
from api.orders.at_risk import is_at_risk, orders_at_risk
from api.orders.at_risk import place as at_risk_place
from api.orders.order_filters import OrderConditions, conditions_of
from api.orders.order_list import MOST_COUNTED, Sort, count_orders, find_orders, summaries
from api.orders.order_query import WantedOrders
from api.orders.view import find_order, order_answer
from api.schemas import Page
from domain.fact_words import with_words
from domain.people import is_erased
from models.database import TookTooLong, bounded_read, consistent_read
from models.order import EventWordsRow, OrderEventRow

router = APIRouter(tags=["orders"])

LIST_SECONDS = 5.0
"""How long each statement of a list may take."""


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
    wanted: WantedOrders,
    at_risk: Annotated[bool, Query(description="Only orders about to miss their deadline, most urgent first")] = False,
    sort: Annotated[Sort, Query(description="With a dash the largest or newest first")] = Sort.NEWEST,
    count: Annotated[bool, Query(description=f"Whether to count them, up to {MOST_COUNTED:,}")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrderPage:
    """Each page starts after the last order of the page before, so that new orders shift nothing. By what no
    index finds, 1,000 orders are looked at for a page, so that it may be short or empty and yet go on. Filters that
    read for longer than a few seconds are a 422: add a channel, a status or dates."""
    if at_risk and sort is not Sort.NEWEST:
        raise invalid("sort", "orders at risk are sorted by their deadline")
    if sort.endswith(Sort.AMOUNT) and wanted.currency is None:
        raise invalid("currency", "amounts of different currencies cannot be sorted")
    last = after(cursor)
    try:
        with bounded_read(services.sessions, LIST_SECONDS) as session:
            conditions = conditions_of(session, wanted)
            if at_risk:
                conditions = OrderConditions([*conditions.all, is_at_risk()], [], is_indexed=True)
            number, at_least = count_orders(session, conditions) if count else (None, None)
            if at_risk:
                risky = orders_at_risk(session, conditions.stored, limit + 1, last)
                urgent, next_cursor = cut(risky, limit, lambda one: at_risk_place(*one))
                orders = [order for order, _ in urgent]
            else:
                orders, end = find_orders(session, conditions, sort, limit, last)
                next_cursor = as_cursor(end) if end is not None else None
            items = summaries(session, orders, services.settings)
    except TookTooLong:
        raise invalid("query", "it reads too much: add a channel, a status or dates") from None
    return OrderPage(items=items, next_cursor=next_cursor, count=number, at_least=at_least)


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
