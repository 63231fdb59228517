"""The only way in which stock changes: movements are posted, counters follow, both in the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Integer, Text, bindparam, column, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from activities.rows import insert_all
from domain.stock import COUNTERS, Movement, OutOfStock, Place, changes
from models.stock import StockMovementRow, StockRow


def post(session: Session, movements: Sequence[Movement], order_id: str | None, reason: str) -> None:
    """Post movements and change the counters they touch. Raises OutOfStock, and nothing has changed.

    Rows are locked in (sku, location) order, so that two claims never wait for each other; four statements, however
    many lines there are.
    """
    sums = changes(movements)
    if not sums:
        return
    _make_missing_rows(session, movements)
    _lock(session, list(sums))
    places = list(sums)
    wanted = (
        func.unnest(
            _array("skus", [sku for sku, _ in places], Text),
            _array("locations", [location for _, location in places], Text),
            *(_array(name, [sums[place].get(name, 0) for place in places], Integer) for name in COUNTERS),
        )
        .table_valued(column("sku"), column("location_id"), *(column(name) for name in COUNTERS))
        .render_derived("wanted")
    )
    after = {name: getattr(StockRow, name) + wanted.c[name] for name in COUNTERS}
    available = after["on_hand"] - sum(after[name] for name in ("allocated", "reserved", "buffer", "quarantined"))
    changed = session.execute(
        update(StockRow)
        .where(StockRow.sku == wanted.c.sku, StockRow.location_id == wanted.c.location_id)
        .where(available >= 0, *(value >= 0 for value in after.values()))
        .values(after)
        .returning(StockRow.sku, StockRow.location_id),
        execution_options={"synchronize_session": False},
    ).all()
    if len(changed) < len(places):
        missing = set(places) - {(row.sku, row.location_id) for row in changed}
        raise OutOfStock("out_of_stock", ", ".join("/".join(place) for place in sorted(missing)[:5]))
    insert_all(
        session,
        StockMovementRow,
        [
            {
                "kind": movement.kind,
                "sku": movement.sku,
                "location_id": movement.location_id,
                "quantity": movement.quantity,
                "order_id": order_id,
                "reason": reason,
            }
            for movement in movements
        ],
    )


def _make_missing_rows(session: Session, movements: Sequence[Movement]) -> None:
    """Goods may arrive at a place that never had them; they cannot leave one."""
    arriving = sorted({(m.sku, m.location_id) for m in movements if m.kind in ("received", "returned")})
    if arriving:
        rows = [{"sku": sku, "location_id": location} for sku, location in arriving]
        session.execute(upsert(StockRow).values(rows).on_conflict_do_nothing())


def _lock(session: Session, places: list[Place]) -> None:
    # No stronger than the update itself: the foreign key of a reservation holds the row for key share, and two claims
    # that both held it and both asked for more would wait for each other.
    session.execute(
        select(StockRow.sku)
        .where(tuple_(StockRow.sku, StockRow.location_id).in_(places))
        .order_by(StockRow.sku, StockRow.location_id)
        .with_for_update(key_share=True)
    )


def _array(name: str, values: list[str] | list[int], kind: type[Text] | type[Integer]) -> object:
    return bindparam(name, values, ARRAY(kind))
