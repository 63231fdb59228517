"""What the sourcing rules need to know of an order and of the stock, and what is still to be sourced."""

from collections.abc import Mapping

from sqlalchemy import ARRAY, Text, all_, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from activities import gifts, journal
from domain import sourcing
from domain.sourcing import Candidate, SourcingDecision
from domain.status import FulfillmentStatus
from models.base import table
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.stock import BackorderRow, LocationRow, ReservationRow, StockRow

ORDINARY_PRIORITY = 100
UNDONE = (FulfillmentStatus.REJECTED, FulfillmentStatus.CANCELED)

# Built once: building a statement costs more than sending it.
_ORDERS, _LINES, _PLACES = table(OrderRow), table(OrderLineRow), table(LocationRow)
_WORK, _WORK_LINES = table(FulfillmentOrderRow), table(FulfillmentLineRow)
_STOCK, _RESERVED = table(StockRow), table(ReservationRow)
_ORDER_ID = bindparam("order_id", type_=Text)
_ORDERED = (
    select(_LINES.c.sku, func.sum(_LINES.c.quantity - _LINES.c.withdrawn))
    .where(_LINES.c.order_id == _ORDER_ID)
    .group_by(_LINES.c.sku)
)
_CARED_FOR = (
    select(_WORK_LINES.c.sku, func.sum(func.coalesce(_WORK_LINES.c.picked, _WORK_LINES.c.quantity)))
    .join(_WORK)
    .where(_WORK.c.order_id == _ORDER_ID, _WORK.c.status.not_in(UNDONE))
    .group_by(_WORK_LINES.c.sku)
)
_PROVINCE = func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province")
_RECEIVER = select(_ORDERS.c.country, _PROVINCE, _ORDERS.c.instructions["location"].astext.label("specified")).where(
    _ORDERS.c.order_id == _ORDER_ID
)
_REJECTED = select(_WORK.c.location_id).where(
    _WORK.c.order_id == _ORDER_ID, _WORK.c.status == FulfillmentStatus.REJECTED
)
_PRIORITY = select(func.coalesce(_ORDERS.c.instructions["priority"].as_integer(), ORDINARY_PRIORITY)).where(
    _ORDERS.c.order_id == _ORDER_ID
)
_FOUND = delete(BackorderRow).where(
    BackorderRow.order_id == _ORDER_ID, BackorderRow.sku != all_(bindparam("short", type_=ARRAY(Text)))
)
_OWN = (
    (_RESERVED.c.order_id == _ORDER_ID)
    & (_RESERVED.c.sku == _STOCK.c.sku)
    & (_RESERVED.c.location_id == _STOCK.c.location_id)
)
_AVAILABLE = (
    select(
        _STOCK.c.sku,
        _STOCK.c.location_id,
        (_STOCK.c.available + func.coalesce(_RESERVED.c.quantity, 0)).label("available"),
        _PLACES.c.country,
        _PLACES.c.province,
        _PLACES.c.priority,
    )
    .join(_PLACES, _PLACES.c.location_id == _STOCK.c.location_id)
    .outerjoin(_RESERVED, _OWN)
    .where(_STOCK.c.sku == any_(bindparam("skus", type_=ARRAY(Text))), _STOCK.c.location_id.not_in(_REJECTED))
)


def outstanding(session: Session, order_id: str) -> dict[str, int]:
    """Units by SKU that no fulfillment order takes care of: ordered − withdrawn − under way or delivered."""
    ordered = session.execute(_ORDERED, {"order_id": order_id})
    cared_for = session.execute(_CARED_FOR, {"order_id": order_id})
    taken: dict[str, int] = {sku: int(units) for sku, units in cared_for}
    return {sku: left for sku, units in ordered if (left := int(units) - taken.get(sku, 0)) > 0}


def decide(session: Session, order_id: str, demand: Mapping[str, int]) -> SourcingDecision:
    """Source the demand; gifts of ours that nobody has are dropped from the order, so that they hold up nothing."""
    decision = choose(session, order_id, demand)
    if decision.short and gifts.drop(session, order_id, decision.short):
        decision = choose(session, order_id, outstanding(session, order_id))
    return decision


def choose(session: Session, order_id: str, demand: Mapping[str, int]) -> SourcingDecision:
    """Source the demand over all locations but those that rejected this order before: from the one that is specified,
    if it has everything, else the normal way.
    """
    receiver = session.execute(_RECEIVER, {"order_id": order_id}).one()
    rows = session.execute(_AVAILABLE, {"order_id": order_id, "skus": list(demand)})
    available: dict[str, dict[str, int]] = {}
    distances: dict[str, int] = {}
    for row in rows:
        available.setdefault(row.location_id, {})[row.sku] = row.available
        distances[row.location_id] = sourcing.distance(
            (row.country, row.province), (receiver.country, receiver.province), row.priority
        )
    candidates = [Candidate(location, distances[location], stock) for location, stock in available.items()]
    if receiver.specified and demand:
        if specified := sourcing.source_from(receiver.specified, demand, candidates):
            return specified
        data = {"location_id": receiver.specified}
        key = f"passed_over:{receiver.specified}"
        journal.happened(session, order_id, "sourcing.location_passed_over", key, data)
    return sourcing.source(demand, candidates)


def wait_for_stock(session: Session, order_id: str, decision: SourcingDecision, key: str, splits: bool = False) -> None:
    """Put the order on the list of those that an arrival wakes, and say so in its log; `splits` if it takes less."""
    wanted, priority = outstanding(session, order_id), session.scalar(_PRIORITY, {"order_id": order_id})
    rows = [
        {"order_id": order_id, "sku": sku, "quantity": units, "wanted": wanted[sku]}
        | {"priority": priority, "splits": splits}
        for sku, units in sorted(decision.short.items())
    ]
    upsert = insert(BackorderRow).values(rows)
    again = {name: upsert.excluded[name] for name in ("quantity", "wanted", "splits")}
    session.execute(upsert.on_conflict_do_update(index_elements=["order_id", "sku"], set_=again))
    session.execute(_FOUND, {"order_id": order_id, "short": list(decision.short)})
    journal.happened(session, order_id, "sourcing.failed", key, {"short": dict(decision.short), "why": decision.reason})
