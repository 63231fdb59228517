"""What carriers remit of the money that they collected at the door, matched with it waybill by waybill."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.money import Money
from models.cash import REMITTED, CashCollectionRow, RemittanceRow
from models.fulfillment import ShipmentRow
from models.locks import NamedLock, lock_named
from record.order_mapping import lock_order
from record.shipping import cash

UNKNOWN, OTHER_AMOUNT, TWICE = "unknown_here", "amount_differs", "remitted_twice"


@dataclass(frozen=True, slots=True)
class Remittance:
    """A payment of a carrier for many parcels: amounts in minor units by waybill."""

    carrier: str
    reference: str
    currency: str
    lines: Sequence[tuple[str, int]]
    actor: str

    @property
    def remittance_id(self) -> str:
        return f"{self.carrier}:{self.reference}"

    @property
    def hash(self) -> str:
        return sha256(repr((self.currency, sorted(self.lines))).encode()).hexdigest()


def take(session: Session, remittance: Remittance) -> tuple[RemittanceRow, bool]:
    """Match the lines with what was collected, once; what does not agree is a difference. Return the row, and whether
    it is new: a repeat, or the same reference with other lines (see its hash), changes nothing.

    Money that is remitted was collected, whether or not the carrier has reported the delivery.
    """
    lock_named(session, NamedLock.REMITTANCE, remittance.remittance_id)
    if known := session.get(RemittanceRow, remittance.remittance_id):
        return known, False
    row = RemittanceRow(
        remittance_id=remittance.remittance_id,
        carrier=remittance.carrier,
        currency=remittance.currency,
        request_hash=remittance.hash,
        lines=len(remittance.lines),
        total_minor=sum(minor for _, minor in remittance.lines),
        differences=[],
        actor=remittance.actor,
    )
    session.add(row)
    session.flush()
    row.differences = list(_match(session, remittance))
    return row, True


def _match(session: Session, remittance: Remittance) -> Iterator[dict[str, Any]]:
    found = _collections(session, remittance)
    for order_id in sorted({one.order_id for one in found.values()}):
        lock_order(session, order_id)
    for waybill, minor in remittance.lines:
        one = found.get(waybill)
        theirs = Money(minor, remittance.currency)
        if one is None:
            yield _difference(UNKNOWN, waybill, None, theirs)
            continue
        session.refresh(one, with_for_update=True)
        ours = Money(one.amount_minor, one.currency)
        if one.state == REMITTED:
            yield _difference(TWICE, waybill, ours, theirs)
            continue
        if ours != theirs:
            yield _difference(OTHER_AMOUNT, waybill, ours, theirs)
        if ours.currency == theirs.currency:
            _book(session, one, remittance.remittance_id, minor)


def _collections(session: Session, remittance: Remittance) -> Mapping[str, CashCollectionRow]:
    wanted = (
        select(ShipmentRow.waybill, CashCollectionRow)
        .join(CashCollectionRow, CashCollectionRow.shipment_id == ShipmentRow.shipment_id)
        .where(
            ShipmentRow.carrier == remittance.carrier, ShipmentRow.waybill.in_([name for name, _ in remittance.lines])
        )
    )
    return {row.waybill: row.CashCollectionRow for row in session.execute(wanted)}


def _book(session: Session, one: CashCollectionRow, remittance_id: str, minor: int) -> None:
    cash.collect(session, one.shipment_id, session.scalars(select(func.now())).one(), turned_up=True)
    one.state, one.remittance_id, one.remitted_minor, one.remitted_at = REMITTED, remittance_id, minor, func.now()
    session.flush()


def _difference(kind: str, waybill: str, ours: Money | None, theirs: Money) -> dict[str, Any]:
    return {
        "kind": kind,
        "waybill": waybill,
        "ours": f"{ours.text} {ours.currency}" if ours else "",
        "theirs": f"{theirs.text} {theirs.currency}",
    }
