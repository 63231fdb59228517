"""Orders to audit: read with their lines, products, payments and earlier answers, two statements however many."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, column, func, select
from sqlalchemy.orm import Session

from domain.audit_facts import ProductFacts
from domain.order import Order
from models.base import table
from models.locks import with_patience
from models.order import OrderLineRow, OrderRow, StepResultRow
from models.payment import PaymentRow
from models.prepared import prepared
from models.stock import ProductRow
from record.order_mapping import as_order, tenders_of


@dataclass(frozen=True, slots=True)
class AuditedOrder:
    """An order at one of its versions. `products` is by SKU, without unknown ones. `payer` is the order that its
    payment is bound to, or None; `follow_up` means that a return placed it, whose money pays for it. Of `elsewhere`
    units its channel says that it shipped them; `nothing_to_send` if that is everything."""

    order_id: str
    version: int
    order: Order
    products: Mapping[str, ProductFacts]
    payer: str | None
    follow_up: bool
    elsewhere: int = 0
    nothing_to_send: bool = False


# Built once: building a statement costs more than sending it.
_ORDERS, _LINES, _PRODUCTS = table(OrderRow), table(OrderLineRow), table(ProductRow)
_RESULTS, _PAYMENTS = table(StepResultRow), table(PaymentRow)
_FACTS = [part.name for part in fields(ProductFacts)]
_ASKED = (
    func.unnest(bindparam("orders", type_=ARRAY(Text)), bindparam("keys", type_=ARRAY(Text)))
    .table_valued(column("order_id", Text), column("key", Text))
    .render_derived("asked")
)
_READ_ORDERS = prepared(
    with_patience(
        select(_ASKED.c.key, _RESULTS.c.result, _PAYMENTS.c.order_id.label("payer"), *_ORDERS.c)
        .select_from(_ASKED)
        .join(_ORDERS, _ORDERS.c.order_id == _ASKED.c.order_id)
        .outerjoin(_RESULTS, _RESULTS.c.key == _ASKED.c.key)
        .outerjoin(_PAYMENTS, _PAYMENTS.c.reference == _ORDERS.c.payment_reference)
    )
)
_READ_LINES = prepared(
    select(
        *_LINES.c,
        _PRODUCTS.c.sku.is_not(None).label("known"),
        *[_PRODUCTS.c[name] for name in _FACTS],
    )
    .outerjoin_from(_LINES, _PRODUCTS, _PRODUCTS.c.sku == _LINES.c.sku)
    .where(_LINES.c.order_id == any_(bindparam("orders", type_=ARRAY(Text))), _LINES.c.added_by == "")
    .order_by(_LINES.c.order_id, _LINES.c.line_no)
)


def read_orders(
    session: Session, wanted: Mapping[str, str], patience: str | None
) -> tuple[dict[str, dict[str, Any]], dict[str, AuditedOrder]]:
    """Read the order of each step, whose ids are `wanted` by the key of the step. Return the answers of steps that were
    taken before, by key, and the orders of the others, by id. Raises KeyError; a missing row is a defect.

    From here on the transaction waits at most `patience` for a lock, such as `1s`; None keeps the database's setting.
    """
    asked = {"orders": list(wanted.values()), "keys": list(wanted), "patience": patience}
    rows = {row.key: row for row in session.execute(_READ_ORDERS, asked)}
    known = {key: rows[key].result for key in wanted if rows[key].result is not None}
    new = {row.order_id: row for key, row in rows.items() if key not in known}
    lines = _lines(session, new)
    tenders = tenders_of(session, [order_id for order_id, row in new.items() if row.tendered_minor])
    return known, {
        order_id: _audited(row, lines.get(order_id, []), tenders.get(order_id, ())) for order_id, row in new.items()
    }


def _lines(session: Session, order_ids: Collection[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    if order_ids:
        for line in session.execute(_READ_LINES, {"orders": list(order_ids)}):
            found.setdefault(line.order_id, []).append(line)
    return found


def _audited(row: Any, lines: list[Any], tenders: Sequence[Row[Any]]) -> AuditedOrder:
    products = {line.sku: line for line in lines if line.known}
    return AuditedOrder(
        row.order_id,
        row.version,
        as_order(row, lines, tenders),
        {sku: _product(line) for sku, line in products.items()},
        row.payer,
        bool(row.follow_up_of),
        sum(line.elsewhere for line in lines),
        any(line.elsewhere for line in lines)
        and all(line.quantity <= line.withdrawn + line.elsewhere for line in lines),
    )


def _product(row: Any) -> ProductFacts:
    facts = {name: getattr(row, name) for name in _FACTS}
    if facts["channels"] is not None:
        facts["channels"] = frozenset(facts["channels"])
    return ProductFacts(**facts)
