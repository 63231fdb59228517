"""The progress of each order line, derived from its fulfillment orders, which count by SKU."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.bundles import Parts
from domain.status import FulfillmentStatus as Status

UNDONE = (Status.REJECTED, Status.CANCELED)
GONE = (Status.SHIPPED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of an order: `quantity` ordered, of which `withdrawn` are no longer wanted and `elsewhere` were shipped by
    the channel itself."""

    line_no: int
    sku: str
    quantity: int
    withdrawn: int = 0
    elsewhere: int = 0

    @property
    def to_send(self) -> int:
        return self.quantity - self.withdrawn - self.elsewhere


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A line of a fulfillment order; `picked` is None until the warehouse reports it."""

    status: str
    sku: str
    quantity: int
    picked: int | None

    @property
    def units(self) -> int:
        return self.quantity if self.picked is None else self.picked


# Conditions for allocated, picked, shipped, delivered. A shipped line was picked, even if nobody reported the pick.
STAGES: tuple[Callable[[WorkLine], bool], ...] = (
    lambda one: True,
    lambda one: one.picked is not None or one.status in GONE,
    lambda one: one.status in GONE,
    lambda one: one.status == Status.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class LineProgress:
    """Units of one line. Each stage includes the later ones: delivered units also count as shipped, picked,
    allocated."""

    allocated: int = 0
    picked: int = 0
    shipped: int = 0
    delivered: int = 0
    short: int = 0


def line_progress(
    lines: Sequence[OrderedLine], work: Iterable[WorkLine], short: Mapping[str, int], bundles: Mapping[str, Parts]
) -> dict[int, LineProgress]:
    """Progress by line number. Lines of one SKU fill in their order; bundles count when they are whole.

    `short` are units by SKU that no location has; they are missing from the last lines of that SKU.
    """
    done = [one for one in work if one.status not in UNDONE]
    most = {line.line_no: line.to_send for line in lines}
    stages = []
    for counts in STAGES:
        reached = Counter[str]()
        for one in done:
            reached[one.sku] += one.units if counts(one) else 0
        # A line never has more units at a stage than at the stage before, however lines share SKUs.
        most = share_out(lines, reached, bundles, most)
        stages.append(most)
    allocated, picked, shipped, delivered = stages
    return {
        line.line_no: LineProgress(
            allocated[line.line_no],
            picked[line.line_no],
            shipped[line.line_no],
            delivered[line.line_no],
            _units_short(line, short, bundles, line.to_send - allocated[line.line_no]),
        )
        for line in lines
    }


def share_out(
    lines: Sequence[OrderedLine], units: Counter[str], bundles: Mapping[str, Parts], most: Mapping[int, int]
) -> dict[int, int]:
    """Share these units by SKU out over the lines, the first line first, each up to its number in `most`.

    Takes the units out of the counter.
    """
    shared = {}
    for line in lines:
        parts = bundles.get(line.sku, {line.sku: 1})
        whole = min(units[part] // each for part, each in parts.items())
        shared[line.line_no] = taken = max(0, min(whole, most[line.line_no]))
        units.subtract({part: taken * each for part, each in parts.items()})
    return shared


def _units_short(line: OrderedLine, short: Mapping[str, int], bundles: Mapping[str, Parts], open_units: int) -> int:
    """Units of the line that wait for stock, at most those that are not allocated."""
    missing = (-(-short.get(part, 0) // each) for part, each in bundles.get(line.sku, {line.sku: 1}).items())
    return max(0, min(open_units, max(missing)))
