"""A lost or damaged parcel: claim it from the carrier, and give the customer a remedy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from domain import parcel_problems
from domain.bundles import whole
from domain.payment_terms import TermsKind
from domain.returns.refunds import paid_by_unit
from domain.status import FulfillmentStatus
from models.database import Sessions
from models.deadlines import CarrierClaimRow
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from record import journal
from record.order_mapping import count_change, load_order, lock_order, order_of
from record.orders import gifts, invoices
from record.orders.elsewhere import any_elsewhere
from record.orders.promises import update_due
from record.parameters import ParameterCache
from record.shipping import cash
from record.shipping.fulfillment_orders import lines_of, lock_fulfillment_order
from record.sourcing.needs import outstanding
from record.stock.demand import UNDONE, bundles_of


@dataclass(frozen=True)
class ParcelTrouble:
    """What happened to the parcel of a fulfillment order: lost, damaged, silent or refused."""

    order_id: str
    fulfillment_order_id: str
    kind: str


@dataclass(frozen=True)
class Remedy:
    """`action` is reship, refund, or cancel: nothing is sent instead, as the order ends anyway. `actor` decided it."""

    order_id: str
    fulfillment_order_id: str
    action: str
    actor: str


@dataclass(frozen=True)
class Settlement:
    """`done` is false if the parcel is no longer on the road. `repay_minor` is due to the customer; `nothing_left` says
    that the order has nothing more to send and nothing under way."""

    done: bool
    repay_minor: int = 0
    nothing_left: bool = False


class CarrierClaims:
    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def take_up(self, trouble: ParcelTrouble) -> str:
        """Claim the parcel from its carrier if the carrier must pay. Return what the channel wants: ask, reship or
        refund."""
        with self.sessions.begin() as session:
            row = lock_fulfillment_order(session, trouble.fulfillment_order_id)
            order = order_of(session, trouble.order_id)
            if row and row.shipment_id and trouble.kind in parcel_problems.CLAIMED:
                _claim(session, row, order, trouble.kind)
            parameters = self.parameters.at(session, order.placed_at)
            policy = parameters.parcel_refused if trouble.kind == parcel_problems.REFUSED else parameters.parcel_lost
            return parcel_problems.remedy(policy, order.channel)

    @activity.defn
    def make_good(self, remedy: Remedy) -> Settlement:
        """Give the parcel up, if it is still on the road or came back: its goods are to be sent again, or withdrawn."""
        key = f"{remedy.fulfillment_order_id}:made_good"
        with self.sessions.begin() as session:
            if known := journal.earlier_answer(session, key):
                return Settlement(**known)
            lock_order(session, remedy.order_id)
            row = lock_fulfillment_order(session, remedy.fulfillment_order_id)
            if row is None or row.status not in (FulfillmentStatus.SHIPPED, FulfillmentStatus.CANCELED):
                return Settlement(done=False)
            _give_up(session, row, remedy)
            _ask_nothing_for(session, row)
            settlement = _withdraw(session, row) if remedy.action == parcel_problems.REFUND else Settlement(done=True)
            update_due(session, row.order_id)
            journal.remember(session, key, asdict(settlement))
            return settlement


def _claim(session: Session, row: FulfillmentOrderRow, order: OrderRow, kind: str) -> None:
    """Claim what the customer paid for the goods in the parcel; once for each fulfillment order."""
    amount = sum(paid for _, _, paid in _shares(session, row))
    claim = insert(CarrierClaimRow).values(
        order_id=row.order_id,
        fulfillment_order_id=row.fulfillment_order_id,
        shipment_id=row.shipment_id,
        kind=kind,
        amount_minor=amount,
        currency=order.currency,
    )
    session.execute(claim.on_conflict_do_nothing())
    data = {"fulfillment_order_id": row.fulfillment_order_id, "shipment_id": row.shipment_id, "kind": kind}
    journal.append_fact(session, row.order_id, "claim.opened", f"{row.fulfillment_order_id}:claim", data)


def _give_up(session: Session, row: FulfillmentOrderRow, remedy: Remedy) -> None:
    lost = row.status == FulfillmentStatus.SHIPPED
    row.status = FulfillmentStatus.CANCELED
    claims = update(CarrierClaimRow).where(CarrierClaimRow.fulfillment_order_id == row.fulfillment_order_id)
    session.execute(claims.values(remedy=remedy.action, decided_by=remedy.actor))
    data = {"fulfillment_order_id": row.fulfillment_order_id, "remedy": remedy.action}
    key = f"{row.fulfillment_order_id}:given_up"
    name = "fulfillment_order.canceled" if lost else "parcel.settled"
    journal.append_fact(session, row.order_id, name, key, data, remedy.actor)
    session.flush()


def _ask_nothing_for(session: Session, row: FulfillmentOrderRow) -> None:
    """Nobody pays for this parcel, at the door or by invoice: what is sent instead is asked for."""
    terms = order_of(session, row.order_id).payment_terms
    if terms == TermsKind.ON_DELIVERY:
        cash.give_up(session, row.shipment_id or "")
    elif terms == TermsKind.ON_CREDIT:
        invoices.take_back(session, row.fulfillment_order_id)


def _withdraw(session: Session, row: FulfillmentOrderRow) -> Settlement:
    """Take the goods of the parcel out of the order. Parts of a bundle that was not whole in it are sent again."""
    repay = 0
    for line, units, paid in _shares(session, row):
        line.withdrawn += units
        line.canceled += units
        repay += paid
    session.flush()
    gifts.drop_when_alone(session, row.order_id)
    count_change(session, row.order_id)
    at_work = select(FulfillmentOrderRow.number).where(
        FulfillmentOrderRow.order_id == row.order_id, FulfillmentOrderRow.status.not_in(UNDONE)
    )
    alone = not outstanding(session, row.order_id) and session.scalar(at_work.limit(1)) is None
    alone = alone and not any_elsewhere(session, row.order_id)
    return Settlement(done=True, repay_minor=repay, nothing_left=alone)


def _shares(session: Session, row: FulfillmentOrderRow) -> list[tuple[OrderLineRow, int, int]]:
    """Return (line, units in the parcel, minor units paid for them), from the last line on."""
    inside = {line["sku"]: line["quantity"] for line in lines_of(session, row.fulfillment_order_id)}
    bundles, paid = bundles_of(session, row.order_id), paid_by_unit(load_order(session, row.order_id))
    lines = select(OrderLineRow).where(OrderLineRow.order_id == row.order_id).order_by(OrderLineRow.line_no.desc())
    shares = []
    for line in session.scalars(lines).all():
        parts: Mapping[str, int] = bundles.get(line.sku, {line.sku: 1})
        units = min(line.to_send, whole(parts, inside))
        if units:
            # Counted as a return counts them, so that the two never pay for a unit twice.
            of_line = paid.get(line.line_no, [])[line.withdrawn : line.withdrawn + units]
            shares.append((line, units, sum(amount.minor_units for amount in of_line)))
            inside = {sku: inside[sku] - units * parts.get(sku, 0) for sku in inside}
    return shares
