"""Orders of the record in the words of the domain: one by one or many at once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.order import Address, Buyer, Order, OrderLine
from models.order import OrderLineRow, OrderRow


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
