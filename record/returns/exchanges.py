"""What an exchange sends for what comes back, and the difference in price."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.money import Money
from domain.returns import refunds
from domain.returns.exchange import Difference, ExchangeTerms, Replacement, difference, price_of
from domain.returns.kinds import ReturnKind
from models.returns import ReturnLineRow, ReturnRow
from record.order_mapping import load_order
from record.returns import cases


def lines_of(session: Session, row: ReturnRow) -> list[ReturnLineRow]:
    mine = select(ReturnLineRow).where(ReturnLineRow.return_id == row.return_id)
    return list(session.scalars(mine.order_by(ReturnLineRow.line_no)))


def sent_of(session: Session, row: ReturnRow) -> list[Replacement]:
    """Return what goes out for each line of the case, in their order."""
    order, before = load_order(session, row.order_id), cases.returned_before(session, row)
    return [
        Replacement(
            line.quantity,
            refunds.value_of(order, {line.line_no: line.quantity}, before, with_shipping=False).minor_units,
            line.replacement_price_minor,
        )
        for line in lines_of(session, row)
    ]


def difference_of(session: Session, row: ReturnRow, terms: ExchangeTerms, currency: str) -> Difference:
    sent = sent_of(session, row)
    value = Money(sum(one.share for one in sent), currency)
    return difference(value, Money(price_of(sent), currency), terms)


def names_prices(session: Session, row: ReturnRow) -> bool:
    """True if somebody has named what the goods that go out cost."""
    return row.kind == ReturnKind.EXCHANGE and any(
        line.replacement_price_minor is not None for line in lines_of(session, row)
    )
