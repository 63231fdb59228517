"""Choose the locations that send an order, and queue it for what no location has."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import ARRAY, Text, bindparam
from sqlalchemy.orm import Session

from domain.sourcing.decision import SPECIFIED, SourcingDecision
from domain.sourcing.decision import decide as choose
from models.prepared import prepared
from models.stock import BackorderRow
from record import journal
from record.journal import Fact
from record.orders import gifts
from record.recordset import insert_recordset
from record.sourcing.needs import Needs
from record.sourcing.shelves import Shelves
from record.stock import queue
from record.stock.quotas import LockedQuotas

_WAIT = insert_recordset(
    BackorderRow,
    "order_id, sku, quantity, wanted, priority, splits",
    conflict="order_id, sku",
    change="quantity = excluded.quantity, wanted = excluded.wanted, splits = excluded.splits",
)
_FOUND = prepared("""
    DELETE FROM backorders WHERE order_id = ANY(:orders)
    AND (order_id, sku) NOT IN (SELECT * FROM unnest(:short_orders, :short_skus))
""").bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("orders", "short_orders", "short_skus")))


class Backorder(NamedTuple):
    """An order that waits for what its decision says is short. `wanted` is units by SKU, `splits` means that it takes
    less, and `key` is that of the event in its log.
    """

    order_id: str
    decision: SourcingDecision
    wanted: Mapping[str, int]
    priority: int
    splits: bool
    key: str

    @classmethod
    def of(cls, needs: Needs, decision: SourcingDecision, splits: bool, key: str) -> "Backorder":
        wanted = {sku: needs.demand[sku] for sku in sorted(decision.short)}
        return cls(needs.order_id, decision, wanted, needs.priority, splits, key)


def decide(
    session: Session, needs: Needs, shelves: Shelves, quotas: LockedQuotas, part: bool = False
) -> SourcingDecision:
    """Source the demand within the channel's quotas: all or nothing, or with `part` as much as there is.

    Our gifts that are short are dropped from the order, so that they delay nothing. What is assigned is subtracted from
    the shelves and the quotas, and moved from demand to covered.
    """
    decision = _within_quotas(session, needs, shelves, quotas, part)
    if needs.gifts & decision.short.keys() and (dropped := gifts.drop(session, needs.order_id, decision.short)):
        needs.reduce(dropped)
        decision = _within_quotas(session, needs, shelves, quotas, part)
    assigned = decision.assigned
    shelves.take(decision.assignments)
    needs.cover(assigned)
    quotas.hold(needs.channel, needs.order_id, {sku: needs.covered[sku] for sku in assigned})
    return decision


def wait_for_stock(session: Session, waiting: Sequence[Backorder], others: Sequence[str] = ()) -> None:
    """Queue orders for the SKUs that they are short of, and say so in their logs. Backorders of these and the `others`
    for SKUs that are no longer short are removed.
    """
    if not waiting and not others:
        return
    # Of an order that is in the group twice the last shortage counts.
    rows = {
        (short.order_id, sku): {
            "order_id": short.order_id,
            "sku": sku,
            "quantity": units,
            "wanted": short.wanted[sku],
            "priority": short.priority,
            "splits": short.splits,
        }
        for short in waiting
        for sku, units in short.decision.short.items()
    }
    queue.lock(session, [*others, *(short.order_id for short in waiting)])
    lacking = {"short_orders": [order for order, _ in rows], "short_skus": [sku for _, sku in rows]}
    session.execute(_FOUND, lacking | {"orders": [*others, *(short.order_id for short in waiting)]})
    if not waiting:
        return
    in_turn = sorted(rows.values(), key=itemgetter("sku", "order_id"))
    session.execute(_WAIT, {"rows": json.dumps(in_turn)})
    journal.append_facts(session, [_failed(short) for short in waiting])


def _failed(short: Backorder) -> Fact:
    data = {"short": dict(short.decision.short), "why": short.decision.reason}
    return Fact(short.order_id, "sourcing.failed", short.key, data)


def _within_quotas(
    session: Session, needs: Needs, shelves: Shelves, quotas: LockedQuotas, part: bool
) -> SourcingDecision:
    decision = _choose(session, needs, needs.demand, shelves, part)
    assigned = decision.assigned
    in_all = {sku: units + needs.covered[sku] for sku, units in assigned.items()}
    beyond = quotas.beyond(needs.channel, needs.order_id, in_all)
    if not beyond:
        return decision
    within = Counter(assigned) - Counter(beyond) if part else {}
    rest = _choose(session, needs, within, shelves, part)
    short = Counter(beyond) + Counter(decision.short)
    reason = f"{len(beyond)} SKU beyond the quota of the channel"
    return replace(rest, short=dict(short), reason=reason)


def _choose(
    session: Session, needs: Needs, demand: Mapping[str, int], shelves: Shelves, part: bool
) -> SourcingDecision:
    """Decide by the order's policies. A specified location that does not have everything is passed over."""
    context = shelves.context
    chain = context.chain(needs.channel, needs.policy)
    decision = choose(shelves.basis(needs, demand), chain, needs.specified or "", part, context.exact)
    if needs.specified and demand and decision.policy != SPECIFIED:
        data = {"location_id": needs.specified}
        key = f"passed_over:{needs.specified}"
        journal.append_fact(session, needs.order_id, "sourcing.location_passed_over", key, data)
    return decision
