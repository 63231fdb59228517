"""Reads the lines of an order with their progress."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.masking import visible_text
from api.orders.line_answers import FulfillmentOrderAnswer, LineProgressAnswer, OrderLineAnswer, ShortLine
from domain.money import Money
from domain.progress import OrderedLine, WorkLine, line_progress
from models.order import OrderLineRow, OrderRow
from record.stock.demand import bundles_of


def line_answers(
    session: Session,
    order: OrderRow,
    caller: Caller,
    fulfillment_orders: Sequence[FulfillmentOrderAnswer],
    shortages: Sequence[ShortLine],
) -> list[OrderLineAnswer]:
    """Return the lines as ordered, each with the progress of its units."""
    wanted = select(OrderLineRow).where(OrderLineRow.order_id == order.order_id).order_by(OrderLineRow.line_no)
    lines = session.scalars(wanted).all()
    progress = line_progress(
        [OrderedLine(row.line_no, row.sku, row.quantity, row.withdrawn, row.elsewhere) for row in lines],
        [
            WorkLine(part.status, line.sku, line.quantity, line.picked)
            for part in fulfillment_orders
            for line in part.lines
        ],
        {line.sku: line.quantity for line in shortages},
        bundles_of(session, order.order_id),
    )
    return [
        OrderLineAnswer(
            line_no=row.line_no,
            sku=row.sku,
            title=row.title,
            quantity=row.quantity,
            unit_price=Money(row.unit_price_minor, order.currency).text,
            discount=Money(row.discount_minor, order.currency).text,
            channel_line_id=row.channel_line_id,
            gift=row.gift,
            bundle_of=row.bundle_of,
            # An engraving may be a name.
            properties=[(name, visible_text(caller, text)) for name, text in row.properties],
            withdrawn=row.withdrawn,
            canceled=row.canceled,
            elsewhere=row.elsewhere,
            added_by=row.added_by,
            substitute_for=row.substitute_for,
            progress=LineProgressAnswer(ordered=row.quantity, canceled=row.withdrawn, **asdict(progress[row.line_no])),
        )
        for row in lines
    ]
