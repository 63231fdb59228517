"""The only way in which stock changes: movements are posted and counters follow, in the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.dml import ReturningUpdate

from domain.stock.movements import COMING, COUNTERS, Movement, OutOfStock, Place, changes
from models.base import table
from models.listing import StockTouchRow
from models.stock import StockMovementRow, StockRow
from record.journal import SYSTEM
from record.recordset import insert_recordset

_STOCK, _TOUCHES = table(StockRow), table(StockTouchRow)


def _wanted(*counters: str) -> TableValuedAlias:
    """The places and their changes as rows of the parameters `skus`, `locations` and one per counter."""
    texts = (bindparam(name, type_=ARRAY(Text)) for name in ("skus", "locations"))
    numbers = (bindparam(name, type_=ARRAY(Integer)) for name in counters)
    return func.unnest(*texts, *numbers).table_valued("sku", "location_id", *counters).render_derived("wanted")


def _lock() -> Select[str]:
    # No stronger than the update itself. The foreign key of a reservation locks the row for key share, and two claims
    # that both held that and asked for a stronger lock would deadlock.
    wanted = _wanted()
    return (
        select(_STOCK.c.sku)
        .join(wanted, (_STOCK.c.sku == wanted.c.sku) & (_STOCK.c.location_id == wanted.c.location_id))
        .order_by(_STOCK.c.sku, _STOCK.c.location_id)
        .with_for_update(key_share=True, of=_STOCK)
    )


def _change() -> ReturningUpdate[str, str, int]:
    wanted = _wanted(*COUNTERS)
    after = {name: _STOCK.c[name] + wanted.c[name] for name in COUNTERS}
    return (
        update(_STOCK)
        .where(_STOCK.c.sku == wanted.c.sku, _STOCK.c.location_id == wanted.c.location_id)
        .where(_available(after) >= 0, *(value >= 0 for value in after.values()))
        .values(after)
        .returning(_STOCK.c.sku, _STOCK.c.location_id, _available(wanted.c).label("more"))
    )


def _available(of: Mapping[str, ColumnElement[int]] | ReadOnlyColumnCollection[str, Any]) -> ColumnElement[int]:
    return of["on_hand"] - of["allocated"] - of["reserved"] - of["buffer"] - of["quarantined"]


def _change_and_touch() -> Select[str, str]:
    """Change the counters and mark the SKUs whose available stock changed, for record/stock/sweep.py."""
    changed = _change().cte("changed")
    touched = select(changed.c.sku, func.bool_or(changed.c.more > 0)).where(changed.c.more != 0)
    told = insert(_TOUCHES).from_select(["sku", "more"], touched.group_by(changed.c.sku)).cte("told")
    return select(changed.c.sku, changed.c.location_id).add_cte(told)


# Built once: building a statement costs more than sending it.
_LOCK, _CHANGE = _lock(), _change_and_touch()
_WRITE = insert_recordset(StockMovementRow, "kind, sku, location_id, quantity, order_id, reason, actor")


class Posting(NamedTuple):
    """A movement with its order, actor and reason."""

    movement: Movement
    order_id: str | None
    reason: str
    actor: str = SYSTEM


def post(
    session: Session, movements: Sequence[Movement], order_id: str | None, reason: str, actor: str = SYSTEM
) -> None:
    """Post movements of one order, or of none. Raises OutOfStock and changes nothing."""
    post_all(session, [Posting(movement, order_id, reason, actor) for movement in movements])


def post_all(session: Session, postings: Sequence[Posting], locked: bool = False) -> None:
    """Post movements and change their counters; with `locked` the caller holds the locks of all their rows.

    Raises OutOfStock and changes nothing. Rows are locked in (sku, location) order, so that claims never deadlock. At
    most four statements, however many lines and orders there are.
    """
    movements = [posting.movement for posting in postings]
    sums = changes(movements)
    if not sums:
        return
    places = list(sums)
    if not locked:
        _make_missing_rows(session, movements)
        session.execute(_LOCK, _columns(places))
    by_counter = {name: [sums[place].get(name, 0) for place in places] for name in COUNTERS}
    changed = session.execute(_CHANGE, _columns(places) | by_counter).all()
    if len(changed) < len(places):
        missing = set(places) - {(row.sku, row.location_id) for row in changed}
        raise OutOfStock("out_of_stock", ", ".join("/".join(place) for place in sorted(missing)[:5]))
    rows = [
        {
            "kind": movement.kind,
            "sku": movement.sku,
            "location_id": movement.location_id,
            "quantity": movement.quantity,
            "order_id": order_id,
            "reason": reason,
            "actor": actor,
        }
        for movement, order_id, reason, actor in postings
    ]
    session.execute(_WRITE, {"rows": json.dumps(rows)})


def _make_missing_rows(session: Session, movements: Sequence[Movement]) -> None:
    """Insert stock rows for goods that arrive where they never were."""
    arriving = sorted({(m.sku, m.location_id) for m in movements if m.kind in COMING and m.quantity >= 0})
    if arriving:
        rows = [{"sku": sku, "location_id": location} for sku, location in arriving]
        session.execute(upsert(StockRow).values(rows).on_conflict_do_nothing())


def _columns(places: Sequence[Place]) -> dict[str, list[str] | list[int]]:
    return {"skus": [sku for sku, _ in places], "locations": [location for _, location in places]}
