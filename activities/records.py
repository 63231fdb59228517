"""Reading an order back from the record, in the words of the domain."""

from typing import Any

from sqlalchemy import Text, bindparam, case, select, update
from sqlalchemy.orm import Session

from domain.order import Order
from models.order import OrderLineRow, OrderRow
from models.stock import LocationRow
from rules.orders import as_order

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
