"""Read what an edit is judged by."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import any_, exists, func, or_, select
from sqlalchemy.orm import Session

from domain.bundles import Parts, explode
from domain.editing.standing import OrderStanding, WorkStanding
from domain.editing.wanted import WantedEdit
from domain.parameters import read_parameters, valid_at
from domain.status import OrderStatus, ReturnStatus
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.returns import ReturnRow
from models.stock import LocationRow, ProductRow
from record import money
from record.order_mapping import as_order
from record.orders import authorizations
from record.orders.parcel_prices import paid_later
from record.parameters import dated_rows
from record.stock.buffers import channels_of_stores
from record.stock.demand import UNDONE, bundles_at, bundles_of
from record.stock.views import available_in_network

NOTHING_CAME_OF_IT = (ReturnStatus.REJECTED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED)


def standing_of(session: Session, row: OrderRow, wanted: WantedEdit, *, of_channel: bool) -> OrderStanding:
    """Return how the order stands for this edit. The caller who goes on to change it has locked it."""
    mine = OrderLineRow.order_id == row.order_id
    lines = session.scalars(select(OrderLineRow).where(mine).order_by(OrderLineRow.line_no)).all()
    ordered = {line.sku for line in lines if not line.added_by}
    added = {line.sku for line in wanted.added}
    bundles = bundles_of(session, row.order_id) | bundles_at(session, added, row.received_at)
    return OrderStanding(
        order=as_order(row, lines),
        status=OrderStatus(row.status),
        version=row.version,
        withdrawn={line.line_no: line.withdrawn for line in lines if not line.added_by},
        elsewhere={line.line_no: line.elsewhere for line in lines if line.elsewhere},
        gifts=_units((line for line in lines if line.added_by), bundles),
        work=_work(session, row.order_id),
        bundles=bundles,
        available=_available(session, row.channel, explode(dict.fromkeys(ordered | added, 1), bundles))
        if wanted.quantities or wanted.added
        else {},
        sellable=_sellable(session, ordered | added, row.channel),
        locations=_locations(session, wanted),
        carriers=_carriers(session) if wanted.steering.get("carrier") else frozenset(),
        held=money.balance(session, row.order_id).minor_units + authorizations.room(session, row.order_id),
        later=paid_later(session, row),
        in_case=_in_case(session, row.order_id),
        of_channel=of_channel,
        follow_up=bool(row.follow_up_of),
        steering=row.instructions,
    )


def _available(session: Session, channel: str, skus: Iterable[str]) -> dict[str, int]:
    return available_in_network(session, skus, with_buffers=channel in channels_of_stores(session))


def _units(lines: Iterable[OrderLineRow], bundles: Mapping[str, Parts]) -> dict[str, int]:
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.to_send
    return explode(units, bundles)


def _work(session: Session, order_id: str) -> list[WorkStanding]:
    F, L = FulfillmentOrderRow, FulfillmentLineRow
    columns = select(F.fulfillment_order_id, F.location_id, F.status, L.sku, func.coalesce(L.picked, L.quantity))
    rows = session.execute(
        columns.outerjoin(L, L.fulfillment_order_id == F.fulfillment_order_id)
        .where(F.order_id == order_id, F.status.not_in(UNDONE))
        .order_by(F.number, L.sku)
    )
    found: dict[str, WorkStanding] = {}
    for name, location, status, sku, units in rows:
        work = found.setdefault(name, WorkStanding(name, location, status, {}))
        if sku is not None:
            found[name] = WorkStanding(name, location, status, {**work.units, sku: units})
    return list(found.values())


def _sellable(session: Session, skus: set[str], channel: str) -> frozenset[str]:
    of_channel = or_(ProductRow.channels.is_(None), any_(ProductRow.channels) == channel)
    for_sale = ProductRow.on_sale, ~ProductRow.bundle_part_only, of_channel
    return frozenset(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(skus), *for_sale)))


def _locations(session: Session, wanted: WantedEdit) -> frozenset[str]:
    named = {wanted.pickup_location or "", wanted.steering.get("location", "")} - {""}
    if not named:
        return frozenset()
    return frozenset(session.scalars(select(LocationRow.location_id).where(LocationRow.location_id.in_(named))))


def _carriers(session: Session) -> frozenset[str]:
    parameters = read_parameters(valid_at(dated_rows(session), datetime.now(UTC)))
    return frozenset(carrier.name for carrier in parameters.carriers)


def _in_case(session: Session, order_id: str) -> bool:
    of_order = ReturnRow.order_id == order_id, ReturnRow.status.not_in(NOTHING_CAME_OF_IT)
    return bool(session.scalar(select(exists().where(*of_order))))
