"""The state of an order at the time of a message: everything that the contents of messages are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.money import Money
from domain.order import Order

Units = Mapping[int, int]
"""Units by line number."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the order. A gift that Baton added is `ours` and has no `channel_line_id`; of `elsewhere` units the
    channel knows already that they were shipped."""

    line_no: int
    sku: str
    title: str
    quantity: int
    withdrawn: int = 0
    canceled: int = 0
    channel_line_id: str = ""
    ours: bool = False
    elsewhere: int = 0

    @property
    def wanted(self) -> int:
        return self.quantity - self.withdrawn


@dataclass(frozen=True, slots=True)
class Parcel:
    """The parcel of one fulfillment order; `shipped_at` is None until it left. `number` counts from 1 within the order.

    `units` are by stored SKU, `lines` by order line (a bundle counts in the parcel that completes it). `freight` is
    this order's share of the carrier's price, None if our rate table has none.
    """

    number: int
    fulfillment_order_id: str
    location_id: str
    place: str = ""
    carrier: str = ""
    waybill: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    units: Mapping[str, int] | None = None
    lines: Units | None = None
    freight: Money | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A return case. `units` are those that it refunds, `fees` the amounts kept of that, by name."""

    return_id: str
    kind: str
    status: str
    reason_code: str = ""
    refusal: str = ""
    asked: Units | None = None
    units: Units | None = None
    fees: Mapping[str, Money] | None = None
    requested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditNote:
    """Money that went back, by the number of its credit note. `after_sale`: the sale was booked before."""

    credit_note: str
    amount: Money
    after_sale: bool
    return_id: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`order` is as its channel gave it; `credit_notes` are in the order in which they were sent.

    Parcels, cases and credit notes are loaded only if a message needs them (PARCEL_MILESTONES, CASE_MILESTONES).
    """

    order_id: str
    order: Order
    status: str
    lines: Sequence[Line]
    parcels: Sequence[Parcel] = ()
    cases: Mapping[str, Case] | None = None
    credit_notes: Sequence[CreditNote] = ()
    follow_up_of: str = ""

    def parcel(self, data: Mapping[str, Any]) -> Parcel | None:
        """The parcel that a message is about."""
        name = data.get("fulfillment_order_id")
        return next((parcel for parcel in self.parcels if parcel.fulfillment_order_id == name), None)

    def case(self, data: Mapping[str, Any]) -> Case | None:
        """The return case that a message is about, by its id or by its credit note."""
        note = self.note(data)
        name = data.get("return_id") or (note.return_id if note else "")
        return (self.cases or {}).get(name)

    def note(self, data: Mapping[str, Any]) -> CreditNote | None:
        number = data.get("credit_note")
        return next((one for one in self.credit_notes if one.credit_note == number), None)

    @property
    def shipped(self) -> list[Parcel]:
        """The parcels that have left, delivered or not, in the order in which they left."""
        gone = [(parcel.shipped_at, parcel.number, parcel) for parcel in self.parcels if parcel.shipped_at]
        return [parcel for _, _, parcel in sorted(gone, key=lambda one: one[:2])]
