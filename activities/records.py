"""Reading an order back from the record, in the words of the domain."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.order import Address, Buyer, Order, OrderLine
from models.order import OrderLineRow, OrderRow
from models.stock import LocationRow


def load_order(session: Session, order_id: str) -> Order:
    """The order as its channel gave it. A row that is not there is a defect and raises NoResultFound."""
    row = session.scalars(select(OrderRow).where(OrderRow.order_id == order_id)).one()
    lines = session.scalars(
        select(OrderLineRow).where(OrderLineRow.order_id == order_id).order_by(OrderLineRow.line_no)
    )
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
        test=row.test,
        buyer=Buyer(row.buyer_token, row.buyer_last4, row.buyer_name) if row.buyer_token else None,
    )


def known_location(session: Session, wanted: str | None, otherwise: str) -> str:
    """`wanted` if it is a location of ours: a partner's slip must not keep goods off the books."""
    return wanted if wanted and session.get(LocationRow, wanted) else otherwise


def ship_to(row: OrderRow) -> dict[str, Any]:
    """The receiver as docs/partners.md writes it, the region as the audit read it; what is not known is absent."""
    told = {"country": row.country, "province": row.province} | row.receiver | row.repaired_region
    return {name: value for name, value in told.items() if value}


def _address(row: OrderRow) -> Address:
    told = {"province": row.province} | row.receiver | row.repaired_region
    names = ("name", "phone", "email", "province", "city", "district", "postal_code")
    known = {name: told.get(name) or "" for name in names}
    lines = tuple(told.get("lines", ()))
    return Address(country=row.country, lines=lines, receiver_token=row.receiver_token, **known)
