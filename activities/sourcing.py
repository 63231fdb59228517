"""What the sourcing rules need to know of an order and of the stock, and what is still to be sourced."""

from collections.abc import Mapping

from sqlalchemy import ARRAY, Text, all_, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from activities import gifts, journal
from domain import sourcing
from domain.sourcing import Candidate, SourcingDecision
from domain.status import FulfillmentStatus
from domain.stock_views import SELLABLE
from goods import quotas
from goods.demand import cared_for, ordered
from models.base import table
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.stock import BackorderRow, LocationRow, ReservationRow, StockRow

ORDINARY_PRIORITY = 100

# Built once: building a statement costs more than sending it.
_ORDERS, _PLACES, _WORK = table(OrderRow), table(LocationRow), table(FulfillmentOrderRow)
_STOCK, _RESERVED = table(StockRow), table(ReservationRow)
_ORDER_ID = bindparam("order_id", type_=Text)
_PROVINCE = func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province")
_SPECIFIED = _ORDERS.c.instructions["location"].astext.label("specified")
_RECEIVER = select(_ORDERS.c.country, _PROVINCE, _ORDERS.c.pickup_location, _SPECIFIED).where(
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
    .where(_PLACES.c.kind.in_(sorted(SELLABLE)))
)


def outstanding(session: Session, order_id: str) -> dict[str, int]:
    """Units by SKU that no fulfillment order takes care of: ordered − withdrawn − under way or delivered.

    Bundles are told as their parts.
    """
    wanted, taken = ordered(session, order_id), cared_for(session, order_id)
    return {sku: left for sku, units in wanted.items() if (left := units - taken.get(sku, 0)) > 0}


def decide(session: Session, order_id: str, demand: Mapping[str, int]) -> SourcingDecision:
    """Source the demand within the channel's quotas; gifts of ours that are short are dropped from the order, so that
    they hold up nothing.
    """
    decision = _decide(session, order_id, demand)
    if decision.short and gifts.drop(session, order_id, decision.short):
        decision = _decide(session, order_id, outstanding(session, order_id))
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
    candidates = [
        Candidate(location, distances[location], stock)
        for location, stock in available.items()
        # What is fetched at a store is taken from its shelves.
        if receiver.pickup_location in ("", location)
    ]
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


def _decide(session: Session, order_id: str, demand: Mapping[str, int]) -> SourcingDecision:
    decision = choose(session, order_id, demand)
    # Whoever reserves or allocates many orders at once takes their quotas at this point: after sourcing, before stock
    # is locked, in the transaction that claims it.
    if not decision.short and (beyond := quotas.take(session, order_id, demand)):
        return SourcingDecision({}, beyond, f"{len(beyond)} SKU beyond the quota of the channel", decision.considered)
    return decision
