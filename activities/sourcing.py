"""What the sourcing rules need to know of an order and of the stock, and what is still to be sourced."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from activities import journal
from domain import sourcing
from domain.sourcing import Candidate, SourcingDecision
from domain.status import FulfillmentStatus
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.stock import BackorderRow, LocationRow, ReservationRow, StockRow

UNDONE = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)


def outstanding(session: Session, order_id: str) -> dict[str, int]:
    """Units by SKU that no fulfillment order takes care of: ordered − withdrawn − under way or delivered."""
    ordered = session.execute(
        select(OrderLineRow.sku, func.sum(OrderLineRow.quantity - OrderLineRow.withdrawn))
        .where(OrderLineRow.order_id == order_id)
        .group_by(OrderLineRow.sku)
    )
    cared_for = session.execute(
        select(FulfillmentLineRow.sku, func.sum(func.coalesce(FulfillmentLineRow.picked, FulfillmentLineRow.quantity)))
        .join(FulfillmentOrderRow)
        .where(FulfillmentOrderRow.order_id == order_id, FulfillmentOrderRow.status.not_in(UNDONE))
        .group_by(FulfillmentLineRow.sku)
    )
    taken: dict[str, int] = {sku: int(units) for sku, units in cared_for}
    return {sku: left for sku, units in ordered if (left := int(units) - taken.get(sku, 0)) > 0}


def choose(session: Session, order_id: str, demand: Mapping[str, int]) -> SourcingDecision:
    """Source the demand over all locations but those that rejected this order before."""
    receiver = session.execute(select(OrderRow.country, OrderRow.province).where(OrderRow.order_id == order_id)).one()
    rejected = select(FulfillmentOrderRow.location_id).where(
        FulfillmentOrderRow.order_id == order_id, FulfillmentOrderRow.status == FulfillmentStatus.REJECTED
    )
    own = ReservationRow.order_id == order_id
    rows = session.execute(
        select(
            StockRow.sku,
            StockRow.location_id,
            (StockRow.available + func.coalesce(ReservationRow.quantity, 0)).label("available"),
            LocationRow.country,
            LocationRow.province,
            LocationRow.priority,
        )
        .join(LocationRow, LocationRow.location_id == StockRow.location_id)
        .outerjoin(
            ReservationRow,
            own & (ReservationRow.sku == StockRow.sku) & (ReservationRow.location_id == StockRow.location_id),
        )
        .where(StockRow.sku.in_(demand), StockRow.location_id.not_in(rejected))
    )
    available: dict[str, dict[str, int]] = {}
    distances: dict[str, int] = {}
    for row in rows:
        available.setdefault(row.location_id, {})[row.sku] = row.available
        distances[row.location_id] = sourcing.distance(
            (row.country, row.province), (receiver.country, receiver.province), row.priority
        )
    candidates = [Candidate(location, distances[location], stock) for location, stock in available.items()]
    return sourcing.source(demand, candidates)


def wait_for_stock(session: Session, order_id: str, decision: SourcingDecision, key: str) -> None:
    """Put the order on the list of those that an arrival wakes, and say so in its log."""
    rows = [{"order_id": order_id, "sku": sku, "quantity": units} for sku, units in sorted(decision.short.items())]
    upsert = insert(BackorderRow).values(rows)
    session.execute(
        upsert.on_conflict_do_update(index_elements=["order_id", "sku"], set_={"quantity": upsert.excluded.quantity})
    )
    journal.happened(session, order_id, "sourcing.failed", key, {"short": dict(decision.short), "why": decision.reason})
