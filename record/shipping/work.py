"""Fulfillment orders while reports are applied to them: what is known of each, and what is to be written for all."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.deadlines import CarrierClaimRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow
from models.order import OrderRow
from record import journal
from record.stock import ledger

FRESH = {"populate_existing": True}


class Effects:
    """What reports about many fulfillment orders write, collected: one statement of each kind."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._facts: list[dict[str, Any]] = []
        self._postings: list[ledger.Posting] = []
        self._messages: list[dict[str, Any]] = []

    def append_fact(self, order_id: str, event: str, key: str, data: Mapping[str, Any], actor: str) -> None:
        self._facts.append({"order_id": order_id, "type": event, "key": key, "actor": actor, "data": dict(data)})

    def post(self, movements: Sequence[Movement], order_id: str, reason: str) -> None:
        self._postings += [ledger.Posting(movement, order_id, reason) for movement in movements]

    def announce(self, order_id: str, milestone: str, data: Mapping[str, Any], subject: str) -> None:
        self._messages += journal.message_rows(order_id, milestone, data, subject)

    def write(self) -> None:
        """Write what was collected so far. All stock is locked in one sequence, so that groups never deadlock."""
        self._session.flush()
        ledger.post_all(self._session, self._postings)
        if self._facts:
            self._session.execute(journal.INSERT_FACTS, {"rows": json.dumps(self._facts)})
        journal.write_messages(self._session, self._messages)
        for collected in (self._facts, self._postings, self._messages):
            collected.clear()


@dataclass
class Work:
    """One locked fulfillment order with its order, lines and shipment. `claimed`: its parcel was claimed from the
    carrier."""

    session: Session
    effects: Effects
    row: FulfillmentOrderRow
    order: OrderRow
    lines: list[FulfillmentLineRow] = field(default_factory=list)
    shipment: ShipmentRow | None = None
    claimed: bool = False

    @property
    def picked_units(self) -> int | None:
        """The units picked in all; None until the warehouse has reported them."""
        counts = [line.picked for line in self.lines if line.picked is not None]
        return sum(counts) if len(counts) == len(self.lines) else None

    def append_fact(self, event: PartnerEventRow, name: str, **data: Any) -> None:
        """Append a fact of this event to the order's log."""
        fields = {"fulfillment_order_id": self.row.fulfillment_order_id, **data}
        self.append_milestone(event, name, f"{event.partner}:{event.event_id}", fields)

    def append_milestone(
        self, event: PartnerEventRow, name: str, key: str, data: Mapping[str, Any], actor: str = ""
    ) -> None:
        """Append a fact with a key of its own, which stands once in the log whichever event brings it."""
        self.effects.append_fact(self.row.order_id, name, key, data, actor or event.partner)

    def post(self, movements: Sequence[Movement], what: str) -> None:
        self.effects.post(movements, self.row.order_id, f"{self.row.fulfillment_order_id} {what}")


def lock_works(session: Session, names: Collection[str]) -> dict[str, Work]:
    """Lock these fulfillment orders after their orders, as everywhere, and load what belongs to them; those that do
    not exist are absent. Rows that refer to them may still be written."""
    pairs = select(FulfillmentOrderRow, OrderRow).join(OrderRow, OrderRow.order_id == FulfillmentOrderRow.order_id)
    pairs = pairs.where(FulfillmentOrderRow.fulfillment_order_id.in_(names))
    pairs = pairs.order_by(OrderRow.order_id, FulfillmentOrderRow.fulfillment_order_id)
    held = pairs.with_for_update(of=[OrderRow, FulfillmentOrderRow], key_share=True)
    effects, works = Effects(session), dict[str, Work]()
    for row, order in session.execute(held, execution_options=FRESH):
        works[row.fulfillment_order_id] = Work(session, effects, row, order)
    lines = select(FulfillmentLineRow).where(FulfillmentLineRow.fulfillment_order_id.in_(works))
    for line in session.scalars(lines.order_by(FulfillmentLineRow.sku), execution_options=FRESH) if works else ():
        works[line.fulfillment_order_id].lines.append(line)
    _load_parcels(session, works)
    return works


def _load_parcels(session: Session, works: Mapping[str, Work]) -> None:
    sent = {work.row.shipment_id for work in works.values() if work.row.shipment_id}
    if not sent:
        return
    parcels = session.scalars(select(ShipmentRow).where(ShipmentRow.shipment_id.in_(sent)), execution_options=FRESH)
    shipments = {parcel.shipment_id: parcel for parcel in parcels}
    for work in works.values():
        work.shipment = shipments.get(work.row.shipment_id or "")
    claims = select(CarrierClaimRow.fulfillment_order_id).where(CarrierClaimRow.fulfillment_order_id.in_(works))
    for name in session.scalars(claims):
        works[name].claimed = True
