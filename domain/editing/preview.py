"""What an edit would do to an order as it is now, and what of it cannot be done. A pure function, used twice: when the
edit is asked for, and when it is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.bundles import explode
from domain.editing.standing import CollectionStanding, OrderStanding
from domain.editing.totals import EditedOrder, edited, worth
from domain.editing.wanted import WantedEdit
from domain.money import Money
from domain.order import Address
from domain.remarks.carriers import CARRIERS
from domain.status import FulfillmentStatus

KNOWN_CARRIERS = frozenset(name for name, _ in CARRIERS)


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """Why a field cannot be edited, without a word of what was asked for: it is kept for good."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class EditPreview:
    """`recall` are the fulfillment orders that must be called back first. `before` and `after` are what the customer
    pays for what is wanted, and `difference` is what is charged, or paid back if it is negative. `judge` is true if the
    order must be audited again. `claims` are the units by stocked SKU that come to the order."""

    refusals: tuple[FieldRefusal, ...]
    edited: EditedOrder
    recall: tuple[str, ...]
    before: Money
    after: Money
    judge: bool
    claims: Mapping[str, int]

    sourced_again: bool
    """True if it is decided again which locations send it."""
    charged: int
    """What earlier edits charge and nobody has paid yet, in minor units."""
    later: bool = False
    """True if parcels ask their customer for the difference: nothing is charged by a link or paid back."""

    @property
    def difference(self) -> Money:
        return self.after - self.before

    @property
    def charge(self) -> Money:
        """What is to be paid by a link after the edit."""
        if self.later:
            return Money(self.charged, self.after.currency)
        return Money(max(0, self.charged + self.difference.minor_units), self.after.currency)

    @property
    def repay(self) -> Money:
        """What is paid back: what the order costs less, unless it was only charged and never paid."""
        return Money(0 if self.later else max(0, -self.charged - self.difference.minor_units), self.after.currency)


def preview(standing: OrderStanding, wanted: WantedEdit) -> EditPreview:
    """Judge the edit by the order as it is now."""
    after = edited(standing, wanted)
    before, now = worth(standing.order, standing.withdrawn), worth(after.order, after.withdrawn)
    claims = _claims(standing, after)
    refusals = tuple(_refusals(standing, wanted, after, before, now))
    judge = bool(wanted.ship_to or wanted.contact or wanted.pickup_location is not None or wanted.amounts or claims)
    # Instructions in the remarks are read again while nothing has come of the old ones.
    judge |= now != before and bool(standing.order.charge_minor)
    judge |= bool(wanted.notes) and not standing.begun
    recall = tuple(_recall(standing, wanted, after))
    return EditPreview(
        refusals,
        after,
        recall,
        before,
        now,
        judge,
        claims,
        bool(recall or claims or (wanted.moves_goods and standing.begun)),
        standing.order.charge_minor,
        standing.later is not None,
    )


def is_complete(address: Address) -> bool:
    """True if a parcel can be sent there."""
    return bool(address.name and (address.phone or address.email) and address.city and address.lines)


def _refusals(
    standing: OrderStanding, wanted: WantedEdit, after: EditedOrder, before: Money, now: Money
) -> Iterator[FieldRefusal]:
    if standing.closed:
        yield FieldRefusal("order", f"the order is already {standing.status}")
        return
    if standing.in_case and (wanted.moves_goods or wanted.moves_money):
        yield FieldRefusal("order", "goods of the order are given back in a return case")
    yield from _of_delivery(standing, wanted)
    if wanted.moves_money:
        yield from _of_lines(standing, wanted, after)
        yield from _of_money(standing, wanted, after, before, now)


def _of_delivery(standing: OrderStanding, wanted: WantedEdit) -> Iterator[FieldRefusal]:
    left = sum(work.has_left for work in standing.work)
    if left and wanted.moves_goods:
        field = next(name for name in wanted.fields if name in ("ship_to", "contact", "delivery", *wanted.steering))
        yield FieldRefusal(field, "a part of the order has left: ask its carrier for another address")
    if wanted.ship_to and standing.begun and not is_complete(wanted.ship_to):
        yield FieldRefusal("ship_to", "the order is accepted: name, phone or e-mail, city and lines are needed")
    if wanted.pickup_location and wanted.pickup_location not in standing.locations:
        yield FieldRefusal("delivery.location_id", "there is no such location")
    if (place := wanted.steering.get("location")) and place not in standing.locations:
        yield FieldRefusal("location", "there is no such location")
    carriers = KNOWN_CARRIERS | standing.carriers
    if (carrier := wanted.steering.get("carrier")) and carrier not in carriers:
        yield FieldRefusal("carrier", f"is none of {', '.join(sorted(carriers))}")


def _of_lines(standing: OrderStanding, wanted: WantedEdit, after: EditedOrder) -> Iterator[FieldRefusal]:
    left, needed = standing.covered(only_left=True), standing.wanted(after.order, after.withdrawn)
    lines = {line.line_no: line for line in standing.order.lines}
    for line_no, units in wanted.quantities.items():
        field = f"lines[{line_no}]"
        if line_no not in lines:
            yield FieldRefusal(field, "the order has no such line that may be edited")
            continue
        parts = explode({lines[line_no].sku: 1}, standing.bundles)
        if units < (gone := standing.elsewhere.get(line_no, 0)):
            yield FieldRefusal(field, f"{gone} of {lines[line_no].sku} were shipped by the channel: ask for a return")
        elif units < standing.remaining(line_no) and any(needed[sku] < left[sku] for sku in parts):
            yield FieldRefusal(field, f"of {lines[line_no].sku} more units have left: ask for a return")
        if units > standing.remaining(line_no) and lines[line_no].sku not in standing.sellable:
            yield FieldRefusal(field, f"{lines[line_no].sku} is not for sale")
    for index, line in enumerate(wanted.added):
        if line.sku not in standing.sellable:
            yield FieldRefusal(f"add[{index}].sku", f"{line.sku} is not for sale")
        if (line.unit_price * line.quantity) < line.discount:
            yield FieldRefusal(f"add[{index}].discount", "is more than the line costs")
    for sku, units in _claims(standing, after).items():
        if units > standing.available.get(sku, 0):
            yield FieldRefusal(
                "lines", f"{units} more of {sku} are wanted, and {standing.available.get(sku, 0)} are there"
            )
    if not any(line.quantity > after.withdrawn.get(line.line_no, 0) for line in after.order.lines):
        yield FieldRefusal("lines", "nothing would be left of the order: cancel it")


def _of_money(
    standing: OrderStanding, wanted: WantedEdit, after: EditedOrder, before: Money, now: Money
) -> Iterator[FieldRefusal]:
    field = "lines" if wanted.quantities or wanted.added else next(iter(sorted(wanted.amounts)))
    if after.order.grand_total.minor_units < 0:
        yield FieldRefusal("discount", "is more than the order costs")
    if before == now:
        return
    if standing.follow_up:
        yield FieldRefusal(field, "the order of an exchange has its price from its return")
    elif standing.later:
        yield from _of_later_money(standing, standing.later, after, now, field)
    elif standing.held + standing.order.charge_minor < before.minor_units:
        yield FieldRefusal(field, "the order is not paid yet: it can be edited once it is")


def _of_later_money(
    standing: OrderStanding, later: CollectionStanding, after: EditedOrder, now: Money, field: str
) -> Iterator[FieldRefusal]:
    """The parcels to come ask for the difference: there must be one, and the others must not ask for too much."""
    wanted = standing.wanted(after.order, after.withdrawn)
    if all(units <= later.units.get(sku, 0) for sku, units in wanted.items()):
        yield FieldRefusal(field, "no parcel is left that could ask its customer for the difference")
    elif now.minor_units < later.borne:
        yield FieldRefusal(field, "parcels and other payments bear more than the order would cost")


def _claims(standing: OrderStanding, after: EditedOrder) -> dict[str, int]:
    """Return the units by stocked SKU that the order wants beyond what it wanted."""
    needed, before = (
        standing.wanted(after.order, after.withdrawn),
        standing.wanted(standing.order, standing.withdrawn),
    )
    return {sku: units - before[sku] for sku, units in needed.items() if units > before[sku]}


def _recall(standing: OrderStanding, wanted: WantedEdit, after: EditedOrder) -> Iterator[str]:
    """Yield the work that must be called back: all of it for another way of delivery, that with the goods for fewer
    units, and that which no warehouse has yet for more, so that they travel together."""
    covered, needed = standing.covered(), standing.wanted(after.order, after.withdrawn)
    too_much = {sku for sku, units in covered.items() if units > needed[sku]}
    more = bool(_claims(standing, after))
    for work in standing.work:
        is_open = work.status == FulfillmentStatus.OPEN
        if not work.has_left and (wanted.moves_goods or too_much & work.units.keys() or (more and is_open)):
            yield work.fulfillment_order_id
