"""Map rows of orders to domain orders, one by one or many at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, case, select, update
from sqlalchemy.orm import Session

from domain.money import Money
from domain.order import Address, Buyer, Order, OrderLine
from domain.tenders import Tender, TenderKind
from models.base import table
from models.order import OrderLineRow, OrderRow
from models.payment import TenderRow
from models.prepared import prepared
from models.stock import LocationRow


def as_order(
    row: OrderRow | Row[Any], lines: Sequence[OrderLineRow | Row[Any]], tenders: Sequence[TenderRow | Row[Any]] = ()
) -> Order:
    """Return the order as its channel gave it, without the lines that Baton added."""
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
        shared_payment=row.shared_payment,
        remarks=row.remarks,
        merchant_remarks=row.merchant_remarks,
        tags=tuple(row.tags),
        pickup_location=row.pickup_location,
        test=row.test,
        buyer=Buyer(row.buyer_token, row.buyer_last4, row.buyer_name) if row.buyer_token else None,
        edited_minor=row.edited_minor,
        charge_minor=row.charge_minor,
        disputed_minor=row.disputed_minor,
        collected=None if row.collected_minor is None else Money(row.collected_minor, row.currency),
        tenders=tuple([as_tender(one, row.currency) for one in tenders]),
        language=row.language,
        ship_by=row.promised_ship_by,
        deliver_by=row.promised_deliver_by,
        promise_id=row.promise_id or "",
        promise_state=row.promise_state or "",
    )


def as_tender(row: TenderRow | Row[Any], currency: str) -> Tender:
    amount = Money(row.amount_minor, currency)
    return Tender(row.tender_no, TenderKind(row.kind), row.reference, amount, row.method, row.due_at, row.collected)


def load_orders(session: Session, rows: Sequence[OrderRow]) -> Mapping[str, Order]:
    """Return these orders by id, in one statement however many there are, and one more if some have tenders."""
    lines: dict[str, list[OrderLineRow]] = {row.order_id: [] for row in rows}
    wanted = select(OrderLineRow).where(OrderLineRow.order_id.in_(lines)).order_by(OrderLineRow.line_no)
    for line in session.scalars(wanted):
        lines[line.order_id].append(line)
    tenders = tenders_of(session, [row.order_id for row in rows if row.tendered_minor])
    return {row.order_id: as_order(row, lines[row.order_id], tenders.get(row.order_id, ())) for row in rows}


def tenders_of(session: Session, order_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Return the tenders of these orders by order. Ask only for orders that have some: it is a statement of its own."""
    found: dict[str, list[Row[Any]]] = {}
    if order_ids:
        for row in session.execute(_TENDERS, {"orders": list(order_ids)}):
            found.setdefault(row.order_id, []).append(row)
    return found


def _address(row: OrderRow | Row[Any]) -> Address:
    fields = {"province": row.province} | row.receiver | row.repaired_region
    names = ("name", "phone", "email", "province", "city", "district", "postal_code")
    known = {name: fields.get(name) or "" for name in names}
    lines = tuple(fields.get("lines", ()))
    return Address(country=row.country, lines=lines, receiver_token=row.receiver_token, **known)


def order_of(session: Session, order_id: str) -> OrderRow:
    return session.scalars(select(OrderRow).where(OrderRow.order_id == order_id)).one()


# Built once: building a statement costs more than sending it.
_ORDER_ID = bindparam("order_id", type_=Text)


_ORDER = prepared(select(OrderRow).where(OrderRow.order_id == _ORDER_ID))


_LINES = prepared(
    select(OrderLineRow)
    .where(OrderLineRow.order_id == _ORDER_ID, OrderLineRow.added_by == "")
    .order_by(OrderLineRow.line_no)
)


_TENDERS = prepared(
    select(*table(TenderRow).c)
    .where(table(TenderRow).c.order_id == any_(bindparam("orders", type_=ARRAY(Text))))
    .order_by(table(TenderRow).c.order_id, table(TenderRow).c.tender_no)
)


# Rows that refer to the order may still be written.
_LOCKED = _ORDER.with_for_update(key_share=True)


def load_order(session: Session, order_id: str) -> Order:
    """Return the order as its channel gave it. Raises NoResultFound; a missing row is a defect."""
    row = session.scalars(_ORDER, {"order_id": order_id}).one()
    tenders = tenders_of(session, [order_id]).get(order_id, ()) if row.tendered_minor else ()
    return as_order(row, session.scalars(_LINES, {"order_id": order_id}).all(), tenders)


def lock_order(session: Session, order_id: str) -> OrderRow:
    """Return the order, locked until the transaction ends.

    Call this before deciding by what an order still has to send, and before locking stock: two that read it at once
    would both dispose of the same units.
    """
    return session.scalars(_LOCKED, {"order_id": order_id}, execution_options={"populate_existing": True}).one()


def count_change(session: Session, order_id: str) -> None:
    """Raise the order's version after a change by one of our steps, which needs no new audit."""
    judged = case((OrderRow.judged_version == OrderRow.version, OrderRow.version + 1), else_=OrderRow.judged_version)
    versions = {"version": OrderRow.version + 1, "judged_version": judged}
    changed = update(OrderRow).where(OrderRow.order_id == order_id).values(versions)
    session.execute(changed, execution_options={"synchronize_session": False})


def known_location(session: Session, wanted: str | None, otherwise: str) -> str:
    """Return `wanted` if we have that location, else `otherwise`: a partner's typo must not keep goods from being
    booked."""
    return wanted if wanted and session.get(LocationRow, wanted) else otherwise


def ship_to(row: OrderRow) -> dict[str, Any]:
    """Return the receiver as docs/partners.md describes it, with the region that the audit repaired; unknown fields are
    absent."""
    fields = {"country": row.country, "province": row.province} | row.receiver | row.repaired_region
    return {name: value for name, value in fields.items() if value}
