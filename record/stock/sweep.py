"""The sweep of changed stock: raise alerts at thresholds, mark listings as behind and find orders to wake.

Claims only mark the SKUs that they touch (record/stock/ledger.py), so they are not slowed. A worker takes the marks
every half second and looks at each SKU once, however often it was touched.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import ARRAY, Row, Text, any_, bindparam, func, select, update
from sqlalchemy.orm import Session

from domain.stock.levels import BACK, crossings
from domain.stock.views import SELLABLE
from models.database import Sessions
from models.listing import StockAlertRow
from models.locks import Lock, try_lock
from models.prepared import prepared
from models.stock import LocationRow, ProductRow, StockRow
from record.parameters import ParameterCache
from record.recordset import insert_all
from record.set_aside import error_name, is_rows_own, isolate_failing_row, set_aside
from record.stock import queue
from record.stock.buffers import KEPT_BACK
from record.stock.queue import ChannelOrder
from record.stock.touches import touch

log = structlog.get_logger()

AT_ONCE = 10_000
"""Marks taken by one transaction."""

# Marks that are not committed yet are taken by a later sweep.
TAKE = prepared("""
    DELETE FROM stock_touches WHERE touch_id IN (SELECT touch_id FROM stock_touches ORDER BY touch_id LIMIT :at_once)
    RETURNING sku, more
""")
# A quota or buffer begins and ends by the clock, which changes what is shown and may be claimed. Marked like other
# changes, so that a failing SKU among them is isolated as well. Quotas are locked in the order in which claims do.
MARK_TURNED = prepared("""
    WITH quota AS (
        UPDATE channel_quotas SET looked_at = now() WHERE quota_id = ANY(ARRAY(
            SELECT quota_id FROM channel_quotas
            WHERE looked_at < valid_from AND valid_from <= now() OR looked_at < valid_to AND valid_to <= now()
            ORDER BY quota_id FOR NO KEY UPDATE))
        RETURNING sku),
    buffer AS (
        UPDATE buffers SET looked_at = now() WHERE buffer_id = ANY(ARRAY(
            SELECT buffer_id FROM buffers
            WHERE looked_at < valid_from AND valid_from <= now() OR looked_at < valid_to AND valid_to <= now()
            ORDER BY buffer_id FOR NO KEY UPDATE))
        RETURNING sku, goods_class, location_id, kind)
    INSERT INTO stock_touches (sku, more)
    SELECT sku, true FROM quota
    UNION SELECT stock.sku, true
    FROM buffer JOIN stock ON buffer.sku IN ('', stock.sku) AND buffer.location_id IN ('', stock.location_id)
    JOIN products ON products.sku = stock.sku AND buffer.goods_class IN ('', products.goods_class)
    JOIN locations ON locations.location_id = stock.location_id AND buffer.kind IN ('', locations.kind)
""")
# The same lock order as where pushes are acknowledged (activities/push.py).
FALL_BEHIND = prepared("""
    UPDATE channel_listings AS listing SET version = listing.version + 1
    FROM (SELECT channel, sku FROM channel_listings
          WHERE sku = ANY(:skus) OR sku IN (SELECT bundle_sku FROM product_parts WHERE part_sku = ANY(:skus))
          ORDER BY channel, sku FOR NO KEY UPDATE) AS changed
    WHERE (listing.channel, listing.sku) = (changed.channel, changed.sku)
""")
_SKUS = any_(bindparam("skus", type_=ARRAY(Text)))
_OPEN_ALERTS = prepared(select(StockAlertRow).where(StockAlertRow.sku == _SKUS, StockAlertRow.cleared_at.is_(None)))
_LEVELS = prepared(
    select(StockRow.sku, func.sum(StockRow.available - KEPT_BACK), ProductRow.low_at)
    .join(ProductRow, ProductRow.sku == StockRow.sku)
    .join(LocationRow, LocationRow.location_id == StockRow.location_id)
    .where(StockRow.sku == _SKUS, LocationRow.kind.in_(sorted(SELLABLE)))
    .group_by(StockRow.sku, ProductRow.low_at)
)


@dataclass(frozen=True)
class Swept:
    """The number of marks, the SKUs of which there may be more, and the orders that these can serve now."""

    marks: int = 0
    more: list[str] = field(default_factory=list)
    woken: list[ChannelOrder] = field(default_factory=list)


class Sweep:
    """Runs in every worker, but one sweeps at a time."""

    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self._sessions = sessions
        self._parameters = parameters

    def run(self) -> Swept:
        """Sweep all marks in one transaction. A SKU that fails is set aside, and no other."""
        return isolate_failing_row(AT_ONCE, self._sweep, self._sweep_one)

    def _sweep(self, at_once: int) -> Swept:
        with self._sessions.begin() as session:
            # Two sweeps of one SKU could both see the same crossing.
            if not try_lock(session, Lock.STOCK_SWEEP):
                return Swept()
            session.execute(MARK_TURNED)
            return self._follow(session, session.execute(TAKE, {"at_once": at_once}).all())

    def _sweep_one(self, _: Exception) -> Swept:
        """Try the oldest mark alone, and set its SKU aside if it fails again."""
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.STOCK_SWEEP):
                return Swept()
            session.execute(MARK_TURNED)
            touched = session.execute(TAKE, {"at_once": 1}).all()
            try:
                with session.begin_nested():
                    return self._follow(session, touched)
            except Exception as trouble:
                if not is_rows_own(trouble):
                    raise
                skus = [row.sku for row in touched]
                log.error("set_aside", kind="stock", subjects=skus, reason=error_name(trouble))
                set_aside(session, "stock", skus, error_name(trouble))
                # Fewer than asked for, but there may be more.
                return Swept(AT_ONCE)

    def _follow(self, session: Session, touched: Sequence[Row[Any]]) -> Swept:
        """Do all that follows from these marks."""
        if skus := sorted({row.sku for row in touched}):
            session.execute(FALL_BEHIND, {"skus": skus})
            low_at = self._parameters.at(session, datetime.now(UTC)).stock_low_at
            _update_alerts(session, skus, low_at)
        more = queue.awaited_skus(session, {row.sku for row in touched if row.more})
        servable = queue.servable_orders(session, more)
        return Swept(len(touched), more, queue.channel_orders(session, servable) if servable else [])

    def touch_again(self, skus: Sequence[str]) -> None:
        """Mark these SKUs again, because the orders that wait for them could not be woken."""
        with self._sessions.begin() as session:
            for sku in skus:
                touch(session, sku)


def _update_alerts(session: Session, skus: Sequence[str], low_at: int) -> None:
    open_alerts: dict[str, dict[str, int]] = defaultdict(dict)
    for alert in session.scalars(_OPEN_ALERTS, {"skus": list(skus)}):
        open_alerts[alert.sku][alert.kind] = alert.alert_id
    raised, cleared = [], list[int]()
    for sku, available, own_low_at in session.execute(_LEVELS, {"skus": list(skus)}):
        seen = crossings(available, low_at if own_low_at is None else own_low_at, open_alerts[sku])
        cleared += [open_alerts[sku][kind] for kind in seen.cleared]
        raised += [_alert(sku, kind, available) for kind in seen.raised]
    insert_all(session, StockAlertRow, raised)
    if cleared:
        session.execute(update(StockAlertRow).where(StockAlertRow.alert_id.in_(cleared)).values(cleared_at=func.now()))


def _alert(sku: str, kind: str, available: int) -> dict[str, object]:
    cleared_at = datetime.now(UTC) if kind == BACK else None
    return {"sku": sku, "kind": kind, "available": available, "cleared_at": cleared_at}
