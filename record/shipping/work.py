"""Fulfillment orders while reports are applied to them: what is known of each, and what is to be written for all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, exists, func, select
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.deadlines import CarrierClaimRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow
from models.order import OrderRow
from models.prepared import prepared
from record import journal
from record.shipping.written import write_together
from record.stock import ledger

FRESH = {"populate_existing": True}
_NAMES = any_(bindparam("names", type_=ARRAY(Text)))
# Built once: building a statement costs more than sending it. Rows that refer to the two may still be written.
_LOCK = prepared(
    select(FulfillmentOrderRow, OrderRow, func.now())
    .join(OrderRow, OrderRow.order_id == FulfillmentOrderRow.order_id)
    .where(FulfillmentOrderRow.fulfillment_order_id == _NAMES)
    .order_by(OrderRow.order_id, FulfillmentOrderRow.fulfillment_order_id)
    .with_for_update(of=[OrderRow, FulfillmentOrderRow], key_share=True)
)
_CLAIMED = exists().where(CarrierClaimRow.fulfillment_order_id == FulfillmentOrderRow.fulfillment_order_id)
_PARTS = prepared(
    select(FulfillmentOrderRow.fulfillment_order_id, FulfillmentLineRow, ShipmentRow, _CLAIMED)
    .outerjoin(FulfillmentLineRow, FulfillmentLineRow.fulfillment_order_id == FulfillmentOrderRow.fulfillment_order_id)
    .outerjoin(ShipmentRow, ShipmentRow.shipment_id == FulfillmentOrderRow.shipment_id)
    .where(FulfillmentOrderRow.fulfillment_order_id == _NAMES)
    .order_by(FulfillmentLineRow.sku)
)


class Effects:
    """What reports about many fulfillment orders write, collected: one statement, and one before that locks stock."""

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

    def write(self, events: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write what was collected and changed so far, and mark `events` (record/shipping/written.py).

        All stock is locked in one sequence, so that groups never deadlock."""
        write_together(self._session, self._facts, self._messages, events, self._postings)
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
    now: datetime
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
    not exist are absent. Two statements."""
    effects, works = Effects(session), dict[str, Work]()
    for row, order, now in session.execute(_LOCK, {"names": list(names)}, execution_options=FRESH):
        works[row.fulfillment_order_id] = Work(session, effects, row, order, now)
    # Read once the locks are held: before that they may change.
    if works:
        for name, line, shipment, claimed in session.execute(_PARTS, {"names": list(works)}, execution_options=FRESH):
            work = works[name]
            work.shipment, work.claimed = shipment, claimed
            if line:
                work.lines.append(line)
    return works
