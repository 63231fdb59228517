"""What orders still need, and what is to be known of each to choose who sends it: read for many at once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import ARRAY, Text, any_, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from domain.status import FulfillmentStatus
from domain.stock import Place
from models.base import table
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.stock import ReservationRow


@dataclass(frozen=True, slots=True)
class Needs:
    """`demand` is units by SKU: ordered − withdrawn − under way or delivered. `kept` is what the order reserves,
    `rejected` are the locations that did not take it, and `partial` says that it may reserve less than everything.
    """

    order_id: str
    country: str
    province: str
    specified: str | None
    partial: bool
    demand: Counter[str] = field(default_factory=Counter)
    kept: Counter[Place] = field(default_factory=Counter)
    rejected: set[str] = field(default_factory=set)
    gifts: set[str] = field(default_factory=set)

    def beyond_kept(self) -> "Needs":
        """The same order, asking only for what it does not reserve yet."""
        return replace(self.without(_by_sku(self.kept)), kept=Counter()) if self.kept else self

    def keep(self, assignments: Mapping[str, Mapping[str, int]]) -> None:
        """From now on it reserves these too, by location and SKU."""
        for location, units in assignments.items():
            self.kept.update({(sku, location): quantity for sku, quantity in units.items()})

    def without(self, units: Mapping[str, int]) -> "Needs":
        """The same order, asking for so many units less by SKU."""
        return replace(self, demand=self.demand - Counter(units))


# Built once: building a statement costs more than sending it.
_ORDERS, _LINES = table(OrderRow), table(OrderLineRow)
_WORK, _WORK_LINES, _RESERVED = table(FulfillmentOrderRow), table(FulfillmentLineRow), table(ReservationRow)
_NAMED = any_(bindparam("orders", type_=ARRAY(Text)))
_PROVINCE = func.coalesce(_ORDERS.c.repaired_region["province"].astext, _ORDERS.c.province).label("province")
_RECEIVERS = (
    select(
        _ORDERS.c.order_id,
        _ORDERS.c.country,
        _PROVINCE,
        _ORDERS.c.instructions["location"].astext.label("specified"),
        func.coalesce(_ORDERS.c.instructions["partial"].as_boolean(), False).label("partial"),
    )
    .where(_ORDERS.c.order_id == _NAMED)
    .order_by(_ORDERS.c.order_id)
)
# What a claim writes refers to the order, so it waits here for whoever changes the order, and not when it holds stock.
_RECEIVERS_LOCKED = _RECEIVERS.with_for_update(read=True, key_share=True)
_FACTS = union_all(
    select(
        _LINES.c.order_id,
        case((_LINES.c.added_by != "", "gift"), else_="ordered").label("what"),
        _LINES.c.sku,
        literal("").label("location_id"),
        (_LINES.c.quantity - _LINES.c.withdrawn).label("units"),
    ).where(_LINES.c.order_id == _NAMED),
    select(
        _WORK.c.order_id,
        _WORK.c.status,
        _WORK_LINES.c.sku,
        _WORK.c.location_id,
        func.coalesce(_WORK_LINES.c.picked, _WORK_LINES.c.quantity),
    )
    .join_from(_WORK, _WORK_LINES)
    .where(_WORK.c.order_id == _NAMED, _WORK.c.status != FulfillmentStatus.CANCELED),
    select(_RESERVED.c.order_id, literal("kept"), _RESERVED.c.sku, _RESERVED.c.location_id, _RESERVED.c.quantity).where(
        _RESERVED.c.order_id == _NAMED
    ),
)


def outstanding(session: Session, order_id: str) -> dict[str, int]:
    """Units by SKU that no fulfillment order takes care of."""
    return dict(needs_of(session, [order_id])[order_id].demand)


def needs_of(session: Session, order_ids: Sequence[str], lock: bool = False) -> dict[str, Needs]:
    """The needs by order. With `lock` nobody changes the orders' keys meanwhile; they are locked by order id.

    An order that is not there is a defect and is absent.
    """
    named = {"orders": list(order_ids)}
    receivers = session.execute(_RECEIVERS_LOCKED if lock else _RECEIVERS, named)
    needs = {row.order_id: Needs(*row) for row in receivers}
    for order_id, what, sku, location, units in session.execute(_FACTS, named):
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
                of_order.demand[sku] -= units
    for of_order in needs.values():
        for sku in [sku for sku, units in of_order.demand.items() if units <= 0]:
            del of_order.demand[sku]
    return needs


def _by_sku(kept: Mapping[Place, int]) -> Counter[str]:
    units: Counter[str] = Counter()
    for (sku, _), quantity in kept.items():
        units[sku] += quantity
    return units


def wanted_goods(needs: Iterable[Needs]) -> list[str]:
    """Every SKU that one of them asks for, sorted."""
    return sorted({sku for of_order in needs for sku in of_order.demand})
