"""The only way in which stock changes: movements are posted and counters follow, in the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Select, Text, TextClause, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from domain.stock.movements import COMING, COUNTERS, Movement, OutOfStock, Place, changes
from models.base import table
from models.prepared import prepared
from models.stock import AVAILABLE, StockMovementRow, StockRow
from record.journal import SYSTEM
from record.recordset import at_once, insert_recordset

_STOCK = table(StockRow)


def _lock() -> Select[str]:
    # No stronger than the update itself. The foreign key of a reservation locks the row for key share, and two claims
    # that both held that and asked for a stronger lock would deadlock.
    texts = (bindparam(name, type_=ARRAY(Text)) for name in ("skus", "locations"))
    wanted = func.unnest(*texts).table_valued("sku", "location_id").render_derived("wanted")
    return (
        select(_STOCK.c.sku)
        .join(wanted, (_STOCK.c.sku == wanted.c.sku) & (_STOCK.c.location_id == wanted.c.location_id))
        .order_by(_STOCK.c.sku, _STOCK.c.location_id)
        .with_for_update(key_share=True, of=_STOCK)
    )


def _change() -> TextClause:
    """Change the counters, by the parameters `skus`, `locations` and one per counter; none may fall below zero."""
    values = ", ".join(f"{name} = stock.{name} + wanted.{name}" for name in COUNTERS)
    enough = " AND ".join(f"stock.{name} + wanted.{name} >= 0" for name in COUNTERS)
    numbers = ", ".join(f"CAST(:{name} AS int[])" for name in COUNTERS)
    return text(f"""
        UPDATE stock SET {values}
        FROM (SELECT *, {AVAILABLE} AS more
              FROM unnest(CAST(:skus AS text[]), CAST(:locations AS text[]), {numbers})
              AS place (sku, location_id, {", ".join(COUNTERS)})) AS wanted
        WHERE (stock.sku, stock.location_id) = (wanted.sku, wanted.location_id)
          AND stock.available + wanted.more >= 0 AND {enough}
        RETURNING stock.sku, stock.location_id, wanted.more
    """)


# Marks the SKUs whose available stock changed, for record/stock/sweep.py.
_TOUCH = text("""
    INSERT INTO stock_touches (sku, more) SELECT sku, bool_or(more > 0) FROM changed WHERE more <> 0 GROUP BY sku
""")
_WRITE = insert_recordset(StockMovementRow, "kind, sku, location_id, quantity, order_id, reason, actor")
# Nothing is written of goods that were never at the place: the caller learns that they are out of stock.
_MOVE = text(f"{_WRITE.text} WHERE (SELECT count(*) FROM changed) = cardinality(CAST(:skus AS text[]))")
_CHANGED = "SELECT sku, location_id FROM changed"


def posting(**inserts: TextClause) -> TextClause:
    """Return the statement that posts movements and makes these inserts too, for `post_with`."""
    return at_once(_CHANGED, changed=_change(), touched=_TOUCH, movements=_MOVE, **inserts)


# Built once: building a statement costs more than sending it.
_LOCK, _POST = prepared(_lock()), posting()


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
    most three statements, however many lines and orders there are.
    """
    if postings:
        post_with(session, _POST, postings, {}, locked)


def post_with(
    session: Session, statement: TextClause, postings: Sequence[Posting], rows: Mapping[str, str], locked: bool
) -> None:
    """As `post_all`, by a `statement` of `posting` that inserts these rows too."""
    movements = [posting.movement for posting in postings]
    sums = changes(movements)
    places = list(sums)
    if places and not locked:
        _make_missing_rows(session, movements)
        session.execute(_LOCK, _columns(places))
    by_counter = {name: [sums[place].get(name, 0) for place in places] for name in COUNTERS}
    moved = json.dumps([_movement(posting) for posting in postings])
    values = {**_columns(places), **by_counter, **rows, "movements": moved}
    changed = session.execute(statement, values).all()
    if len(changed) < len(places):
        missing = set(places) - {(row.sku, row.location_id) for row in changed}
        raise OutOfStock("out_of_stock", ", ".join("/".join(place) for place in sorted(missing)[:5]))


def _movement(posting: Posting) -> dict[str, Any]:
    movement, order_id, reason, actor = posting
    return {
        "kind": movement.kind,
        "sku": movement.sku,
        "location_id": movement.location_id,
        "quantity": movement.quantity,
        "order_id": order_id,
        "reason": reason,
        "actor": actor,
    }


def _make_missing_rows(session: Session, movements: Sequence[Movement]) -> None:
    """Insert stock rows for goods that arrive where they never were."""
    arriving = sorted({(m.sku, m.location_id) for m in movements if m.kind in COMING and m.quantity >= 0})
    if arriving:
        rows = [{"sku": sku, "location_id": location} for sku, location in arriving]
        session.execute(upsert(StockRow).values(rows).on_conflict_do_nothing())


def _columns(places: Sequence[Place]) -> dict[str, list[str] | list[int]]:
    return {"skus": [sku for sku, _ in places], "locations": [location for _, location in places]}
