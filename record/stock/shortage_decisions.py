"""Carry out decisions about shortages on the lines of an order."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from domain import shortages
from domain.bundles import Parts, explode, whole
from domain.returns.refunds import paid_by_unit
from models.fulfillment import FulfillmentOrderRow
from models.goods import ProductSubstituteRow
from models.order import OrderLineRow
from models.stock import BackorderRow, ProductRow
from record.order_mapping import load_order
from record.orders import gifts
from record.orders.elsewhere import any_elsewhere
from record.sourcing.needs import outstanding
from record.stock.demand import UNDONE, bundles_of

Short = Mapping[str, BackorderRow]


@dataclass(frozen=True)
class Decision:
    """`action` is one of domain/shortages.py. `sku` is one that is short, a bundle with such a part, or empty for all
    that is short.
    """

    order_id: str
    round: int
    action: str
    sku: str
    substitute_sku: str
    actor: str
    note: str


@dataclass(frozen=True)
class Settled:
    """`refusal` says why nothing was done. `repay_minor` is due for what was canceled.

    `nothing_left` when the order has nothing more to send and nothing under way: then it ends.
    """

    refusal: str = ""
    repay_minor: int = 0
    nothing_left: bool = False


def carry_out(session: Session, decision: Decision, short: Short) -> Settled:
    """Change the lines as decided. `short` are the locked backorders by SKU."""
    parts = bundles_of(session, decision.order_id).get(decision.sku, {})
    wanted = {sku: row for sku, row in short.items() if decision.sku in ("", sku) or sku in parts}
    if not wanted:
        return Settled(f"{decision.sku or 'nothing'} is not short")
    return _ACTIONS[decision.action](session, decision, wanted)


def _wait(session: Session, decision: Decision, short: Short) -> Settled:
    return Settled()


def _split(session: Session, decision: Decision, short: Short) -> Settled:
    missing = {sku: row.quantity for sku, row in short.items()}
    uncovered = outstanding(session, decision.order_id)
    can = any(units > missing.get(sku, 0) for sku, units in uncovered.items())
    return Settled() if can else Settled("no location has anything of the order")


def _cancel_line(session: Session, decision: Decision, short: Short) -> Settled:
    """Withdraw what is still to be sent of the SKU, from its last line on, and sum what was paid for it.

    Only bundles of which no part has left are canceled.
    """
    order_id, repay, canceled = decision.order_id, 0, 0
    paid, bundles = paid_by_unit(load_order(session, order_id)), bundles_of(session, order_id)
    rest = Counter(outstanding(session, order_id))
    for line in _lines_about(session, decision, short, bundles):
        parts = bundles.get(line.sku, {line.sku: 1})
        units = min(whole(parts, rest), line.to_send)
        # By the same units as a return, so that both together never repay a unit twice.
        of_line = paid.get(line.line_no, [])[line.withdrawn : line.withdrawn + units]
        repay += sum(amount.minor_units for amount in of_line)
        line.withdrawn += units
        line.canceled += units
        canceled += units
        rest.subtract(explode({line.sku: units}, bundles))
    if not canceled:
        return Settled("the rest of it has left already: it can only be waited for")
    session.flush()
    gifts.drop_when_alone(session, order_id)
    _remove_backorders(session, order_id, short)
    at_work = select(FulfillmentOrderRow.number).where(
        FulfillmentOrderRow.order_id == order_id, FulfillmentOrderRow.status.not_in(UNDONE)
    )
    alone = not outstanding(session, order_id) and session.scalar(at_work.limit(1)) is None
    return Settled(repay_minor=repay, nothing_left=alone and not any_elsewhere(session, order_id))


def _substitute(session: Session, decision: Decision, short: Short) -> Settled:
    """Replace the SKU by its substitute on the order's lines; the price stays."""
    known = session.scalar(
        select(ProductSubstituteRow).where(
            ProductSubstituteRow.sku == decision.sku, ProductSubstituteRow.substitute_sku == decision.substitute_sku
        )
    )
    product = session.get(ProductRow, decision.substitute_sku)
    if known is None or product is None or not product.on_sale:
        return Settled(f"{decision.substitute_sku} is no substitute of {decision.sku}")
    bundles = bundles_of(session, decision.order_id)
    lines = [line for line in _lines_about(session, decision, short, bundles) if line.sku == decision.sku]
    if not lines:
        return Settled(f"{decision.sku} is a part of what was ordered: the bundle may be substituted or canceled")
    still_here = whole(bundles.get(decision.sku, {decision.sku: 1}), outstanding(session, decision.order_id))
    if still_here < sum(line.quantity for line in lines):
        return Settled(f"part of {decision.sku} has been taken care of: the rest can be split, waited for or canceled")
    lines_of_sku = OrderLineRow.order_id == decision.order_id, OrderLineRow.sku == decision.sku
    instead = {"sku": product.sku, "title": product.title, "substitute_for": decision.sku}
    session.execute(update(OrderLineRow).where(*lines_of_sku).values(instead))
    _remove_backorders(session, decision.order_id, short)
    return Settled()


_ACTIONS: Mapping[str, Callable[[Session, Decision, Short], Settled]] = {
    shortages.WAIT: _wait,
    shortages.SPLIT: _split,
    shortages.CANCEL_LINE: _cancel_line,
    shortages.SUBSTITUTE: _substitute,
}


def _lines_about(
    session: Session, decision: Decision, short: Short, bundles: Mapping[str, Parts]
) -> list[OrderLineRow]:
    """Return the lines that need a SKU that is short, the last first; only those of the bundle if the decision names
    one."""
    lines = select(OrderLineRow).where(OrderLineRow.order_id == decision.order_id)
    return [
        line
        for line in session.scalars(lines.order_by(OrderLineRow.line_no.desc()))
        if short.keys() & bundles.get(line.sku, {line.sku: 1}).keys()
        and (decision.sku not in bundles or line.sku == decision.sku)
    ]


def _remove_backorders(session: Session, order_id: str, short: Short) -> None:
    rows = BackorderRow.order_id == order_id, BackorderRow.sku.in_(list(short))
    session.execute(delete(BackorderRow).where(*rows), execution_options={"synchronize_session": False})
