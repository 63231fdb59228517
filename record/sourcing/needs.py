"""What orders still need, and what sourcing must know of each, read for many at once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from domain.promising import STANDS
from domain.status import FulfillmentStatus
from domain.stock.movements import Place
from models.base import table
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.prepared import prepared
from models.stock import ReservationRow
from record.sourcing.spots import RECEIVER_SPOT
from record.stock.buffers import sells_in_stores
from record.stock.demand import STOCK_SKU, UNITS_EACH, WITH_PARTS

ORDINARY_PRIORITY = 100


@dataclass(frozen=True, slots=True)
class Needs:
    """`demand` is units by stocked SKU: ordered − withdrawn − fulfilled elsewhere − `covered`, and `covered` is what is
    under way or delivered. `kept` is what the order reserves, `rejected` the locations that refused it, `gifts` the
    SKUs of our gifts, `pickup_location` the store where the customer fetches it, or empty. `specified`, `policy` and
    `carrier` come from rules or remarks. `in_store` means that a store sells it, `spot` is where its receiver is
    (record/sourcing/spots.py), and `unjudged` means that its channel changed it since the last audit. `promise_id` is
    that of the promise that it still keeps to.
    """

    order_id: str
    channel: str
    country: str
    province: str
    pickup_location: str
    specified: str | None
    priority: int
    policy: str
    carrier: str
    in_store: bool
    spot: Sequence[Any] | None
    unjudged: bool
    promise_id: str | None
    demand: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    kept: Counter[Place] = field(default_factory=Counter)
    rejected: set[str] = field(default_factory=set)
    gifts: set[str] = field(default_factory=set)

    def cover(self, units: Mapping[str, int]) -> None:
        """Move units, by SKU, from demand to covered."""
        self.reduce(units)
        self.covered.update(units)

    def cover_reserved(self) -> None:
        """Move what the order reserves from demand to covered."""
        for (sku, _), units in self.kept.items():
            self.cover({sku: units})
        self.kept.clear()

    def reduce(self, units: Mapping[str, int]) -> None:
        """Subtract units, by SKU, from demand."""
        for sku, fewer in units.items():
            self.demand[sku] -= fewer
            if self.demand[sku] <= 0:
                del self.demand[sku]


# Built once: building a statement costs more than sending it.
_ORDERS, _LINES = table(OrderRow), table(OrderLineRow)
_WORK, _WORK_LINES, _RESERVED = table(FulfillmentOrderRow), table(FulfillmentLineRow), table(ReservationRow)
NAMED = any_(bindparam("orders", type_=ARRAY(Text)))
_PROVINCE = func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province")
RECEIVERS = prepared(
    select(
        _ORDERS.c.order_id,
        _ORDERS.c.channel,
        _ORDERS.c.country,
        _PROVINCE,
        _ORDERS.c.pickup_location,
        _ORDERS.c.instructions["location"].astext.label("specified"),
        func.coalesce(_ORDERS.c.instructions["priority"].as_integer(), ORDINARY_PRIORITY).label("priority"),
        func.coalesce(_ORDERS.c.instructions["sourcing_policy"].astext, "").label("policy"),
        func.coalesce(_ORDERS.c.instructions["carrier"].astext, "").label("carrier"),
        sells_in_stores(_ORDERS.c.channel).label("in_store"),
        RECEIVER_SPOT.label("spot"),
        func.coalesce(_ORDERS.c.judged_version < _ORDERS.c.version, False).label("unjudged"),
        case((_ORDERS.c.promise_state.in_(list(STANDS)), _ORDERS.c.promise_id)).label("promise_id"),
    )
    .where(_ORDERS.c.order_id == NAMED)
    .order_by(_ORDERS.c.order_id)
)
# Rows of a claim refer to the order, so a claim waits for whoever changes the order here, before it holds stock.
# The same statement sets the lock timeout for itself and the rest of the transaction.
_PATIENCE = func.set_config(
    "lock_timeout", func.coalesce(bindparam("patience", type_=Text), func.current_setting("lock_timeout")), True
)
PATIENCE_SET = select(_PATIENCE).scalar_subquery().is_not(None)
_RECEIVERS_LOCKED = RECEIVERS.where(PATIENCE_SET).with_for_update(read=True, key_share=True)
_TO_SEND = _LINES.c.quantity - _LINES.c.withdrawn - _LINES.c.elsewhere
FACTS = (
    select(
        _LINES.c.order_id,
        case((_LINES.c.added_by != "", "gift"), else_="ordered").label("what"),
        STOCK_SKU.label("sku"),
        literal("").label("location_id"),
        (_TO_SEND * UNITS_EACH).label("units"),
    )
    .select_from(WITH_PARTS)
    .where(_LINES.c.order_id == NAMED, _TO_SEND > 0),
    select(
        _WORK.c.order_id,
        _WORK.c.status,
        _WORK_LINES.c.sku,
        _WORK.c.location_id,
        func.coalesce(_WORK_LINES.c.picked, _WORK_LINES.c.quantity),
    )
    .join_from(_WORK, _WORK_LINES)
    .where(_WORK.c.order_id == NAMED, _WORK.c.status != FulfillmentStatus.CANCELED),
    select(_RESERVED.c.order_id, literal("kept"), _RESERVED.c.sku, _RESERVED.c.location_id, _RESERVED.c.quantity).where(
        _RESERVED.c.order_id == NAMED
    ),
)
_ALL_FACTS = prepared(union_all(*FACTS))


def needs_of_nobody(
    channel: str, country: str, province: str, pickup_location: str, in_store: bool, spot: Sequence[Any] | None
) -> Needs:
    """Return the needs of an order that nobody has placed yet, still without demand."""
    to = (channel, country, province, pickup_location)
    return Needs("", *to, None, ORDINARY_PRIORITY, "", "", in_store, spot, False, None)


def outstanding(session: Session, order_id: str) -> dict[str, int]:
    """Return units by SKU that no fulfillment order covers."""
    return dict(needs_of(session, [order_id])[order_id].demand)


def needs_of(session: Session, order_ids: Sequence[str]) -> dict[str, Needs]:
    """Return the needs by order id. A missing order is a defect and absent from the answer."""
    return _with_facts(session, session.execute(RECEIVERS, {"orders": list(order_ids)}))


def lock_needs_of(session: Session, order_ids: Sequence[str], patience: str | None) -> dict[str, Needs]:
    """As `needs_of`, with the orders locked in the order of their ids.

    From here on the transaction waits at most `patience` for a lock, such as `1s`; None keeps the database's setting.
    """
    wanted = {"orders": list(order_ids), "patience": patience}
    return _with_facts(session, session.execute(_RECEIVERS_LOCKED, wanted))


def _with_facts(session: Session, receivers: Iterable[Any]) -> dict[str, Needs]:
    needs = {row.order_id: Needs(*row) for row in receivers}
    add_facts(needs, session.execute(_ALL_FACTS, {"orders": list(needs)}))
    return needs


def add_facts(needs: Mapping[str, Needs], facts: Iterable[Any]) -> None:
    """Add rows of FACTS to the needs by order id."""
    for order_id, what, sku, location, units in facts:
        of_order = needs[order_id]
        match what:
            case "ordered" | "gift":
                of_order.demand[sku] += units
                if what == "gift":
                    of_order.gifts.add(sku)
            case "kept":
                of_order.kept[sku, location] += units
            case FulfillmentStatus.REJECTED:
                of_order.rejected.add(location)
            case _:
                of_order.covered[sku] += units
    for of_order in needs.values():
        of_order.reduce(of_order.covered)


def wanted_skus(needs: Iterable[Needs]) -> list[str]:
    """Return every SKU in demand, sorted."""
    return sorted({sku for of_order in needs for sku in of_order.demand})
