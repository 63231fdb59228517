"""What a parcel costs its customer, who pays for each as it comes: at the door, or by invoice."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from domain.captures import Part, total, value_of
from domain.editing.standing import CollectionStanding
from domain.editing.totals import worth
from domain.money import Money
from domain.order import Order
from domain.payment_terms import TermsKind
from models.cash import VOID, CashCollectionRow
from models.credit import InvoiceRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from record import money
from record.order_mapping import as_order
from record.orders.payment_links import BEHIND
from record.stock.demand import bundles_of

M = MoneyMovementRow
_SIGNS = {"captured": 1, "refunded": -1}


def price_of(session: Session, row: OrderRow, goods: Mapping[str, int], others: Sequence[Part], asked: int) -> Money:
    """Return what is asked for these units by stocked SKU: their share of what the order costs and neither the `others`
    bear nor its tenders and links pay. It is no more than the order still owes beside `asked`, which others are to pay,
    in minor units. `row` is locked."""
    order, withdrawn = _wanted(session, row)
    costs = worth(order, withdrawn) - Money(row.charge_minor, row.currency)
    left = costs - _paid_apart(session, row) - total(others, row.currency)
    value = value_of(order, withdrawn, bundles_of(session, row.order_id), others, goods, left)
    owed = costs.minor_units - money.balance(session, row.order_id).minor_units - asked
    return Money(max(0, min(value.minor_units, owed)), row.currency)


def asked_for(session: Session, row: OrderRow, but: str = "") -> list[Part]:
    """Return the parcels whose customer is or was asked for their price, at the door or by invoice, without the
    shipment `but`; none of a parcel that came back, nor of an order that is paid in another way."""
    rows: Sequence[CashCollectionRow | InvoiceRow] = ()
    if row.payment_terms == TermsKind.ON_DELIVERY:
        live = CashCollectionRow.state != VOID, CashCollectionRow.shipment_id != but
        rows = session.scalars(select(CashCollectionRow).where(CashCollectionRow.order_id == row.order_id, *live)).all()
    elif row.payment_terms == TermsKind.ON_CREDIT:
        rows = session.scalars(select(InvoiceRow).where(InvoiceRow.order_id == row.order_id)).all()
    return [Part(one.units, Money(one.amount_minor, one.currency)) for one in rows if one.units]


def paid_beyond(session: Session, row: OrderRow) -> Money:
    """Return by how much what was paid is more than the order costs; nothing if it is not."""
    over = money.balance(session, row.order_id) - worth(*_wanted(session, row))
    return max(over, Money(0, row.currency))


def paid_later(session: Session, row: OrderRow) -> CollectionStanding | None:
    """Return what is borne already of an order that is paid as its parcels come; None of any other."""
    if row.payment_terms not in (TermsKind.ON_DELIVERY, TermsKind.ON_CREDIT):
        return None
    parts, units = asked_for(session, row), Counter[str]()
    for part in parts:
        units.update(part.units)
    return CollectionStanding((total(parts, row.currency) + _paid_apart(session, row)).minor_units, units)


def _wanted(session: Session, row: OrderRow) -> tuple[Order, dict[int, int]]:
    """Return the order, and by line number the units that are not wanted any more."""
    lines = session.scalars(
        select(OrderLineRow).where(OrderLineRow.order_id == row.order_id).order_by(OrderLineRow.line_no)
    ).all()
    return as_order(row, lines), {line.line_no: line.withdrawn for line in lines}


def _paid_apart(session: Session, row: OrderRow) -> Money:
    """Return what tenders and links have paid, less what they had back."""
    paid = func.coalesce(func.sum(M.amount_minor * case(_SIGNS, value=M.kind, else_=0)), 0)
    apart = M.order_id == row.order_id, M.currency == row.currency, func.strpos(M.key, BEHIND) > 0
    return Money(int(session.scalar(select(paid).where(*apart)) or 0), row.currency)
