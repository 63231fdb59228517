"""Gifts that rules added: they take real stock, and are dropped when it is short or nothing else is wanted."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bundles import explode
from models.order import OrderLineRow
from record import journal
from record.stock.demand import bundles_of


def drop(session: Session, order_id: str, short: Mapping[str, int]) -> Counter[str]:
    """Withdraw gift lines until none of them needs a SKU in `short` (units by SKU). Return the units dropped by SKU.

    Whole lines only: half a gift is none. Paid units of the same SKU stay wanted.
    """
    missing, bundles, dropped = dict(short), bundles_of(session, order_id), Counter[str]()
    for line in reversed(_wanted_lines(session, order_id)):
        units = explode({line.sku: line.to_send}, bundles)
        if line.added_by and any(missing.get(sku, 0) > 0 for sku in units):
            missing = {sku: number - units.get(sku, 0) for sku, number in missing.items()}
            _drop(session, line, "it is short")
            dropped.update(units)
    session.flush()
    return dropped


def drop_when_alone(session: Session, order_id: str) -> None:
    """Withdraw the gifts of an order that has no other wanted lines."""
    lines = _wanted_lines(session, order_id)
    if all(line.added_by for line in lines):
        for line in lines:
            _drop(session, line, "nothing else is wanted")
    session.flush()


def _wanted_lines(session: Session, order_id: str) -> Sequence[OrderLineRow]:
    to_send = OrderLineRow.quantity - OrderLineRow.withdrawn - OrderLineRow.elsewhere
    wanted = OrderLineRow.order_id == order_id, to_send > 0
    return session.scalars(select(OrderLineRow).where(*wanted).order_by(OrderLineRow.line_no)).all()


def _drop(session: Session, line: OrderLineRow, why: str) -> None:
    line.withdrawn = line.quantity
    data = {"rule": line.added_by, "sku": line.sku, "units": line.quantity, "why": why}
    journal.append_fact(session, line.order_id, "gift.dropped", f"gift.dropped:{line.added_by}", data)
