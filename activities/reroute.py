"""A new address for parcels on the road: ask the carrier, and change the order if the carrier agrees."""

from dataclasses import dataclass, field

from sqlalchemy import func, update
from temporalio import activity

from domain.errors import CarrierRefused
from integrations.tms import Tms
from models.database import Sessions
from models.deadlines import AddressCorrectionRow
from models.order import OrderRow
from record import journal
from record.order_mapping import count_change

ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class Reroute:
    """One parcel and the stored correction for it; the address itself stays in the record."""

    order_id: str
    shipment_id: str
    correction_id: str


@dataclass(frozen=True)
class Corrected:
    """The shipments that carriers redirect to the new address, and those that they do not."""

    order_id: str
    correction_id: str
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Rerouting:
    def __init__(self, sessions: Sessions, tms: Tms) -> None:
        self.sessions = sessions
        self.tms = tms

    @activity.defn(no_thread_cancel_exception=True)
    def reroute_parcel(self, reroute: Reroute) -> bool:
        """Ask the carrier. True if the parcel goes to the new address; a repeat gets the same answer."""
        with self.sessions() as session:
            correction = session.get_one(AddressCorrectionRow, reroute.correction_id)
            address = {name: value for name, value in correction.address.items() if value}
        if not address:
            return False
        key = f"{reroute.shipment_id}:address:{reroute.correction_id}"
        try:
            return self.tms.reroute(reroute.shipment_id, address, key).accepted
        except CarrierRefused:
            return False

    @activity.defn
    def settle_correction(self, corrected: Corrected) -> None:
        """Record the answers. The order gets the new address if all its parcels go there. Either way the correction's
        own copy of the address is deleted."""
        with self.sessions.begin() as session:
            row = session.get_one(AddressCorrectionRow, corrected.correction_id, with_for_update=True)
            if row.answer:
                return
            row.answer = REFUSED if corrected.refused else ACCEPTED
            if not corrected.refused:
                person = dict(row.address)
                region = {name: person.pop(name) for name in ("country", "province")}
                new = {**region, "receiver": person, "receiver_token": "", "repaired_region": {}}
                session.execute(update(OrderRow).where(OrderRow.order_id == row.order_id).values(new))
                count_change(session, row.order_id)
            row.address, row.answered_at = {}, func.now()
            data = {"fields": ["ship_to"], "rerouted": corrected.accepted, "refused": corrected.refused}
            name = "order.changed" if row.answer == ACCEPTED else "shipment.reroute_refused"
            journal.append_fact(session, row.order_id, name, f"address:{row.correction_id}", data, row.asked_by)
