"""A new order takes the promise that it carries, in the transaction that writes it, or its log says why it cannot."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.orm import Session

from domain.promising import State, Terms, takes
from models.prepared import prepared
from record import journal
from record.journal import Fact
from record.orders.rows import NewOrder

# In the order in which every transaction locks promises.
_LOCKED = prepared("""
    SELECT *, expires_at > now() AS valid FROM promises
    WHERE promise_id = ANY(:promises) ORDER BY promise_id FOR UPDATE
""").bindparams(bindparam("promises", type_=ARRAY(Text)))
# From here on the stock waits for the order, which reserves it or ends.
_TAKE = text(r"""
    WITH taken AS (
        UPDATE promises SET order_id = new.order_id, bound_at = now(),
            held_until = CASE WHEN held_until IS NOT NULL THEN timestamptz 'infinity' END
        FROM json_to_recordset(CAST(:rows AS json)) AS new (promise_id text, order_id text, state text)
        WHERE promises.promise_id = new.promise_id AND new.state = 'taken'
        RETURNING promises.order_id, ship_by, deliver_by)
    UPDATE orders SET promise_state = new.state,
        promised_ship_by = coalesce(taken.ship_by, orders.promised_ship_by),
        promised_deliver_by = coalesce(taken.deliver_by, orders.promised_deliver_by)
    FROM json_to_recordset(CAST(:rows AS json)) AS new (promise_id text, order_id text, state text)
    LEFT JOIN taken USING (order_id)
    WHERE orders.order_id = new.order_id
""")


def take_promises(session: Session, orders: Sequence[NewOrder]) -> dict[str, State]:
    """Return what became of the promise of each of these new orders, by order id; others are absent."""
    carrying = [order for order in orders if order.promise_id and order.terms]
    if not carrying:
        return {}
    wanted = sorted({order.promise_id for order in carrying})
    promises = {row.promise_id: row for row in session.execute(_LOCKED, {"promises": wanted})}
    states, taken = dict[str, State](), set[str]()
    for order in carrying:
        state = _state(promises.get(order.promise_id), order, taken)
        if state == State.TAKEN:
            taken.add(order.promise_id)
        states[order.order_id] = state
    rows = [
        {"promise_id": order.promise_id, "order_id": order.order_id, "state": str(states[order.order_id])}
        for order in carrying
    ]
    session.execute(_TAKE, {"rows": json.dumps(rows)})
    journal.append_facts(session, [_fact(order, states[order.order_id], promises) for order in carrying])
    return states


def _state(row: Any, order: NewOrder, taken: set[str]) -> State:
    if row is None or order.terms is None:
        return State.UNKNOWN
    terms = Terms(row.channel, row.region, row.pickup_location, row.units)
    state = takes(terms, order.terms)
    if state == State.TAKEN and (row.order_id or order.promise_id in taken):
        return State.USED
    return State.EXPIRED if state == State.TAKEN and not row.valid else state


def _fact(order: NewOrder, state: State, promises: Mapping[str, Any]) -> Fact:
    data: dict[str, Any] = {"promise_id": order.promise_id}
    if state != State.TAKEN:
        return Fact(order.order_id, "promise.broken", f"promise:{state}", data | {"code": str(state)})
    row = promises[order.promise_id]
    dates = {name: getattr(row, name) for name in ("ship_by", "deliver_by")}
    shown = {name: at.isoformat() for name, at in dates.items() if at}
    return Fact(order.order_id, "promise.taken", f"promise:{state}", data | shown)
