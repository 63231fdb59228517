"""An order as it stands when somebody is told of it: all that contents are made of."""

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
    """A line of the order, also one that Baton added as a gift, which has no `channel_line_id`."""

    line_no: int
    sku: str
    title: str
    quantity: int
    withdrawn: int = 0
    canceled: int = 0
    channel_line_id: str = ""
    ours: bool = False

    @property
    def wanted(self) -> int:
        return self.quantity - self.withdrawn


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one fulfillment order sends; `shipped_at` is None until it left. `number` counts from 1 within the order.

    `units` are by SKU as they lie in stock; `lines` are those of the order that are complete with it. `freight` is this
    order's share of what the carrier asks, None where our rate table does not know it.
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
    """A return case. `units` are those that it pays for, and `fees` what of that stays here."""

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
    """Money that went back, under the number of its credit note; `after_sale` once the sale had been told."""

    credit_note: str
    amount: Money
    after_sale: bool
    return_id: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`order` is as its channel gave it, `credit_notes` in the order in which it was told.

    Of parcels, cases and money there is only what the messages at hand need (`PARCEL_MILESTONES`, `CASE_MILESTONES`).
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
        """The return case that a message is about, by its own id or by that of the money that it gave back."""
        note = self.note(data)
        name = data.get("return_id") or (note.return_id if note else "")
        return (self.cases or {}).get(name)

    def note(self, data: Mapping[str, Any]) -> CreditNote | None:
        number = data.get("credit_note")
        return next((one for one in self.credit_notes if one.credit_note == number), None)

    @property
    def shipped(self) -> list[Parcel]:
        """The parcels that are on the road or arrived, in the order in which they left."""
        gone = [(parcel.shipped_at, parcel.number, parcel) for parcel in self.parcels if parcel.shipped_at]
        return [parcel for _, _, parcel in sorted(gone, key=lambda one: one[:2])]
