"""Goods that arrive: booked in once, and who waits for them."""

from sqlalchemy import func, select

from activities import ledger
from domain.stock import Movement
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.stock import BackorderRow, LocationRow, ProductRow

ORDINARY_PRIORITY = 100


def receive_goods(sessions: Sessions, partner: str, event_id: str) -> list[tuple[str, str]]:
    """Book a stored receipt in, and answer the orders (channel, channel order id) that wait.

    Those with the lowest priority in their instructions come first (100 if there is none), then the longest waiting.

    Goods or a location that we do not know are not booked: the event stays without `applied_at` for a person to see.
    """
    with sessions.begin() as session:
        event = session.get_one(PartnerEventRow, (partner, event_id), with_for_update=True)
        units = {line["sku"]: 0 for line in event.data["lines"]}
        for line in event.data["lines"]:
            units[line["sku"]] += line["quantity"]
        location: str = event.data["location_id"]
        known = session.get(LocationRow, location) is not None
        ours = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(units))))
        if event.applied_at is None and known and ours == units.keys():
            arrived = [Movement("received", sku, location, quantity) for sku, quantity in units.items() if quantity]
            ledger.post(session, arrived, None, f"receipt {event.data['receipt_id']}")
            event.applied_at = func.now()
        priority = func.coalesce(OrderRow.instructions["priority"].as_integer(), ORDINARY_PRIORITY)
        since = func.min(BackorderRow.since)
        waiting = session.execute(
            select(OrderRow.channel, OrderRow.channel_order_id)
            .join(BackorderRow, BackorderRow.order_id == OrderRow.order_id)
            .where(BackorderRow.sku.in_(units))
            .group_by(OrderRow.order_id)
            .order_by(priority, since)
        )
        return [(row.channel, row.channel_order_id) for row in waiting]
