"""What an edit of an order wants. Only what it names changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.money import Money
from domain.order import Address

CONTACT = ("name", "phone", "email")
NOTES = ("remarks", "merchant_remarks")
STEERING = ("carrier", "location", "deliver_on")
"""Instructions that an edit may set; an empty text takes one back."""
AMOUNTS = ("discount", "shipping", "tax")


@dataclass(frozen=True, slots=True)
class AddedLine:
    """Goods to send beside what was ordered; `discount` is of the whole line."""

    sku: str
    quantity: int
    unit_price: Money
    discount: Money
    title: str = ""


@dataclass(frozen=True, slots=True)
class WantedEdit:
    """`ship_to` is the whole new address, `contact` parts of the present one. `pickup_location` is the store where the
    customer fetches the order, empty to have it shipped. `quantities` says by line number how many units remain, 0 for
    none. `amounts` are of the whole order."""

    ship_to: Address | None = None
    contact: Mapping[str, str] = field(default_factory=dict)
    pickup_location: str | None = None
    steering: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[int, int] = field(default_factory=dict)
    added: tuple[AddedLine, ...] = ()
    amounts: Mapping[str, Money] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    """Lines and amounts as the channel sent them (domain/editing/of_channel.py); by itself it changes nothing."""

    @property
    def fields(self) -> list[str]:
        """The names of what changes, which may be in logs and histories."""
        return sorted(self._fields())

    @property
    def moves_goods(self) -> bool:
        """True if it changes where or how goods are sent, so that a warehouse must not go on with its work."""
        return bool(self.ship_to or self.contact or self.steering or self.pickup_location is not None)

    @property
    def moves_money(self) -> bool:
        return bool(self.quantities or self.added or self.amounts)

    @property
    def is_told(self) -> bool:
        """True if the customer is told of it: of goods, money, receiver, place and day."""
        of_delivery = self.ship_to or self.contact or self.pickup_location is not None or "deliver_on" in self.steering
        return bool(of_delivery or self.moves_money)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored: it may name a person."""
        to = self.ship_to
        stored: dict[str, Any] = {
            "ship_to": to and {name: getattr(to, name) for name in Address.__slots__} | {"lines": list(to.lines)},
            "contact": dict(self.contact),
            "pickup_location": self.pickup_location,
            "steering": dict(self.steering),
            "notes": dict(self.notes),
            "quantities": {str(line_no): units for line_no, units in self.quantities.items()},
            "added": [_added(line) for line in self.added],
            "amounts": {name: amount.minor_units for name, amount in self.amounts.items()},
            "said": dict(self.said),
        }
        return {name: value for name, value in stored.items() if value or value == ""}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], currency: str) -> "WantedEdit":
        to = stored.get("ship_to")
        return cls(
            ship_to=Address(**{**to, "lines": tuple(to["lines"])}) if to else None,
            contact=stored.get("contact", {}),
            pickup_location=stored.get("pickup_location"),
            steering=stored.get("steering", {}),
            notes=stored.get("notes", {}),
            quantities={int(line_no): units for line_no, units in stored.get("quantities", {}).items()},
            added=tuple(_read_added(line, currency) for line in stored.get("added", [])),
            amounts={name: Money(minor, currency) for name, minor in stored.get("amounts", {}).items()},
            said=stored.get("said", {}),
        )

    def _fields(self) -> Iterator[str]:
        if self.ship_to:
            yield "ship_to"
        if self.contact:
            yield "contact"
        if self.pickup_location is not None:
            yield "delivery"
        if self.quantities or self.added:
            yield "lines"
        yield from (*self.steering, *self.notes, *self.amounts)


def _added(line: AddedLine) -> dict[str, Any]:
    amounts = {"unit_price_minor": line.unit_price.minor_units, "discount_minor": line.discount.minor_units}
    return {"sku": line.sku, "quantity": line.quantity, "title": line.title, **amounts}


def _read_added(line: Mapping[str, Any], currency: str) -> AddedLine:
    price, discount = Money(line["unit_price_minor"], currency), Money(line["discount_minor"], currency)
    return AddedLine(line["sku"], line["quantity"], price, discount, line["title"])
