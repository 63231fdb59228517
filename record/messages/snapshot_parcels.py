"""Parcels of orders, for their snapshots: with goods, lines and their share of the freight."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ARRAY, Text, any_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from domain.bundles import Parts
from domain.contents.snapshot import Parcel
from domain.money import Money
from domain.progress import UNDONE, OrderedLine, share_out
from models.base import table
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.order import OrderLineRow
from models.prepared import prepared
from models.stock import LocationRow
from record.stock.demand import bundles_of

# Built once: building a statement costs more than sending it.
_WORK, _UNITS = table(FulfillmentOrderRow), table(FulfillmentLineRow)
_SENT, _PLACES = table(ShipmentRow), table(LocationRow)
_IDS = any_(bindparam("orders", type_=ARRAY(Text)))
_PARCELS = prepared(
    select(
        *(_WORK.c.order_id, _WORK.c.number, _WORK.c.fulfillment_order_id, _WORK.c.location_id, _WORK.c.shipment_id),
        *(_WORK.c.shipped_at, _WORK.c.delivered_at, _WORK.c.merge_id, _SENT.c.carrier, _SENT.c.waybill),
        *(_SENT.c.cost_minor, _SENT.c.cost_currency, _PLACES.c.name.label("place"), _UNITS.c.sku),
        func.coalesce(_UNITS.c.picked, _UNITS.c.quantity).label("units"),
    )
    .select_from(_WORK.join(_PLACES).outerjoin(_SENT).outerjoin(_UNITS))
    .where(_WORK.c.order_id == _IDS, or_(_WORK.c.status.not_in(UNDONE), _WORK.c.shipped_at.is_not(None)))
    .order_by(_WORK.c.number, _UNITS.c.sku)
)


def load_parcels(
    session: Session, orders: Sequence[str], lines: Mapping[str, Sequence[OrderLineRow]]
) -> dict[str, list[Parcel]]:
    """By order id, as they are numbered; `lines` are those of each order."""
    rows, units = {}, defaultdict[str, dict[str, int]](dict)
    for row in session.execute(_PARCELS, {"orders": list(orders)}):
        rows[row.fulfillment_order_id] = row
        if row.sku and row.units:
            units[row.fulfillment_order_id][row.sku] = row.units
    merged = [row.shipment_id for row in rows.values() if row.shipment_id and row.merge_id]
    shares = _freight(session, merged) if merged else {}
    found: dict[str, list[Parcel]] = defaultdict(list)
    for name, row in rows.items():
        whole = None if row.cost_minor is None else Money(row.cost_minor, row.cost_currency)
        sharing = shares.get(row.shipment_id, [name])
        found[row.order_id].append(
            Parcel(
                *(row.number, name, row.location_id, row.place, row.carrier or "", row.waybill or ""),
                *(row.shipped_at, row.delivered_at, units[name]),
                freight=whole.split([1] * len(sharing))[sharing.index(name)] if whole else None,
            )
        )
    return {name: _with_lines(session, name, lines[name], parcels) for name, parcels in found.items()}


def _freight(session: Session, shipments: Sequence[str]) -> dict[str, list[str]]:
    """Return the fulfillment orders of each of these shipments, which share its freight evenly."""
    columns = select(FulfillmentOrderRow.shipment_id, FulfillmentOrderRow.fulfillment_order_id)
    of_these = columns.where(FulfillmentOrderRow.shipment_id.in_(shipments))
    found: dict[str, list[str]] = defaultdict(list)
    for shipment, name in session.execute(of_these.order_by(FulfillmentOrderRow.fulfillment_order_id)):
        found[shipment or ""].append(name)
    return found


def _with_lines(
    session: Session, order_id: str, lines: Sequence[OrderLineRow], parcels: Sequence[Parcel]
) -> list[Parcel]:
    """Return each parcel with the lines that it completes: a bundle counts with the last of its parts."""
    wanted = [OrderedLine(line.line_no, line.sku, line.quantity) for line in lines]
    plain = {line.sku for line in lines}
    bundles: Mapping[str, Parts] = {}
    if any(sku not in plain for parcel in parcels for sku in parcel.units or {}):
        bundles = bundles_of(session, order_id)
    most = {line.line_no: line.quantity - line.elsewhere for line in lines}
    came, before, found = Counter[str](), Counter[int](), []
    for parcel in sorted(parcels, key=_when_it_left):
        came.update(parcel.units or {})
        after = Counter(share_out(wanted, Counter(came), bundles, most))
        found.append(replace(parcel, lines=dict(after - before)))
        before = after
    return found


def _when_it_left(parcel: Parcel) -> tuple[bool, float, int]:
    return (parcel.shipped_at is None, parcel.shipped_at.timestamp() if parcel.shipped_at else 0.0, parcel.number)
