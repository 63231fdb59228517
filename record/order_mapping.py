"""Orders of the record in the words of the domain: one by one or many at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Text, bindparam, case, select, update
from sqlalchemy.orm import Session

from domain.money import Money
from domain.order import Address, Buyer, Order, OrderLine
from models.order import OrderLineRow, OrderRow
from models.stock import LocationRow


def as_order(row: OrderRow, lines: Sequence[OrderLineRow]) -> Order:
    """The order as its channel gave it: lines that Baton added are left out."""
    return Order(
        channel=row.channel,
        channel_order_id=row.channel_order_id,
        placed_at=row.placed_at,
        customer_id=row.customer_id,
        ship_to=_address(row),
        lines=tuple(
            OrderLine(
                line.line_no,
                line.sku,
                line.quantity,
                Money(line.unit_price_minor, row.currency),
                Money(line.discount_minor, row.currency),
                line.title,
                line.channel_line_id,
                line.gift,
                line.bundle_of,
                tuple((name, value) for name, value in line.properties),
            )
            for line in lines
            if not line.added_by
        ),
        discount=Money(row.discount_minor, row.currency),
        shipping=Money(row.shipping_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        grand_total=Money(row.grand_total_minor, row.currency),
        payment_reference=row.payment_reference,
        payment_method=row.payment_method,
        remarks=row.remarks,
        merchant_remarks=row.merchant_remarks,
        tags=tuple(row.tags),
        pickup_location=row.pickup_location,
        test=row.test,
        buyer=Buyer(row.buyer_token, row.buyer_last4, row.buyer_name) if row.buyer_token else None,
        language=row.language,
        ship_by=row.promised_ship_by,
        deliver_by=row.promised_deliver_by,
    )


def load_orders(session: Session, rows: Sequence[OrderRow]) -> Mapping[str, Order]:
    """These orders by id, in one statement however many there are."""
    lines: dict[str, list[OrderLineRow]] = {row.order_id: [] for row in rows}
    wanted = select(OrderLineRow).where(OrderLineRow.order_id.in_(lines)).order_by(OrderLineRow.line_no)
    for line in session.scalars(wanted):
        lines[line.order_id].append(line)
    return {row.order_id: as_order(row, lines[row.order_id]) for row in rows}


def _address(row: OrderRow) -> Address:
    told = {"province": row.province} | row.receiver | row.repaired_region
    names = ("name", "phone", "email", "province", "city", "district", "postal_code")
    known = {name: told.get(name) or "" for name in names}
    lines = tuple(told.get("lines", ()))
    return Address(country=row.country, lines=lines, receiver_token=row.receiver_token, **known)


def order_of(session: Session, order_id: str) -> OrderRow:
    return session.scalars(select(OrderRow).where(OrderRow.order_id == order_id)).one()


# Built once: building a statement costs more than sending it.
_ORDER_ID = bindparam("order_id", type_=Text)


_ORDER = select(OrderRow).where(OrderRow.order_id == _ORDER_ID)


_LINES = (
    select(OrderLineRow)
    .where(OrderLineRow.order_id == _ORDER_ID, OrderLineRow.added_by == "")
    .order_by(OrderLineRow.line_no)
)


# Rows that refer to the order may be written meanwhile.
_LOCKED = _ORDER.with_for_update(key_share=True)


def load_order(session: Session, order_id: str) -> Order:
    """The order as its channel gave it. A row that is not there is a defect and raises NoResultFound."""
    row = session.scalars(_ORDER, {"order_id": order_id}).one()
    return as_order(row, session.scalars(_LINES, {"order_id": order_id}).all())


def lock_order(session: Session, order_id: str) -> OrderRow:
    """The order, and nobody changes it until the transaction ends.

    Whoever decides by what is still to be sent of an order calls this before reading it, and before locking stock: two
    that read it at once would both dispose of the same units.
    """
    return session.scalars(_LOCKED, {"order_id": order_id}, execution_options={"populate_existing": True}).one()


def count_change(session: Session, order_id: str) -> None:
    """Say that one of our own steps has changed the order. That is no reason to audit it again."""
    judged = case((OrderRow.judged_version == OrderRow.version, OrderRow.version + 1), else_=OrderRow.judged_version)
    versions = {"version": OrderRow.version + 1, "judged_version": judged}
    changed = update(OrderRow).where(OrderRow.order_id == order_id).values(versions)
    session.execute(changed, execution_options={"synchronize_session": False})


def known_location(session: Session, wanted: str | None, otherwise: str) -> str:
    """`wanted` if it is a location of ours: a partner's slip must not keep goods off the books."""
    return wanted if wanted and session.get(LocationRow, wanted) else otherwise


def ship_to(row: OrderRow) -> dict[str, Any]:
    """The receiver as docs/partners.md writes it, the region as the audit read it; what is not known is absent."""
    told = {"country": row.country, "province": row.province} | row.receiver | row.repaired_region
    return {name: value for name, value in told.items() if value}
