"""Orders locked for their allocation, and what must be known of each, read for many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from domain.status import OrderStatus
from models.base import table
from models.channel import ChannelAccountRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.prepared import prepared
from models.stock import BackorderRow
from record.sourcing.needs import FACTS, NAMED, PATIENCE_SET, RECEIVERS, Needs, add_facts


@dataclass(slots=True)
class LockedOrder:
    """`merge_window` is how many seconds it waits for other orders of its receiver, by its remarks or rules, else by
    its channel; 0 for not at all. `opened` is the number of its last fulfillment order, 0 if it has none, and `waits`
    means that it has backorders.
    """

    needs: Needs
    status: OrderStatus
    instructions: Mapping[str, Any]
    tags: Sequence[str]
    merge_window: float
    opened: int = 0
    waits: bool = False


# Built once: building a statement costs more than sending it.
_ORDERS, _ACCOUNTS = table(OrderRow), table(ChannelAccountRow)
_WORK, _SHORT = table(FulfillmentOrderRow), table(BackorderRow)
_OF_ACCOUNT = (
    select(_ACCOUNTS.c.settings["merge_window"].as_float())
    .where(_ACCOUNTS.c.channel == _ORDERS.c.channel)
    .scalar_subquery()
)
_WINDOW = func.coalesce(_ORDERS.c.instructions["merge_window_seconds"].as_float(), _OF_ACCOUNT, 0.0)
_LOCKED = RECEIVERS.add_columns(
    _ORDERS.c.status, _ORDERS.c.instructions, _ORDERS.c.tags, _WINDOW.label("merge_window")
).where(PATIENCE_SET)
_HELD = _LOCKED.with_for_update(of=_ORDERS)
_FREE = _LOCKED.with_for_update(of=_ORDERS, skip_locked=True)
# In a statement of its own, which sees what was committed while the first one waited for its locks.
_FACTS = prepared(
    union_all(
        *FACTS,
        select(_WORK.c.order_id, literal("opened"), literal(""), literal(""), func.max(_WORK.c.number))
        .where(_WORK.c.order_id == NAMED)
        .group_by(_WORK.c.order_id),
        select(_SHORT.c.order_id, literal("waits"), _SHORT.c.sku, literal(""), literal(1)).where(
            _SHORT.c.order_id == NAMED
        ),
    )
)


def lock_orders(session: Session, order_ids: Sequence[str], patience: str | None = None) -> dict[str, LockedOrder]:
    """Lock these orders by id, so that nobody changes them or claims for them meanwhile. Return them by id.

    With `patience` orders that somebody else has locked are left out, and from here on the transaction waits at most
    so long for a lock, as PostgreSQL writes it ("1s"). A missing order is a defect and absent from the answer.
    """
    wanted = {"orders": list(order_ids), "patience": patience}
    rows = session.execute(_FREE if patience else _HELD, wanted).all()
    needs = {row.order_id: Needs(*row[:-4]) for row in rows}
    locked = {row.order_id: LockedOrder(needs[row.order_id], OrderStatus(row.status), *row[-3:]) for row in rows}
    facts = []
    for fact in session.execute(_FACTS, {"orders": list(needs)}):
        if fact.what == "opened":
            locked[fact.order_id].opened = fact.units
        elif fact.what == "waits":
            locked[fact.order_id].waits = True
        else:
            facts.append(fact)
    add_facts(needs, facts)
    return locked
