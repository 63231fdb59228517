"""How far each line of an order is, out of what its fulfillment orders say by SKU."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.bundles import Parts
from domain.status import FulfillmentStatus as Status

UNDONE = (Status.REJECTED, Status.CANCELED)
GONE = (Status.SHIPPED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of an order: `quantity` as it was ordered, `withdrawn` of it no longer wanted."""

    line_no: int
    sku: str
    quantity: int
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A line of a fulfillment order; `picked` is None until the warehouse has said."""

    status: str
    sku: str
    quantity: int
    picked: int | None

    @property
    def units(self) -> int:
        return self.quantity if self.picked is None else self.picked


# What counts as allocated, picked, shipped, delivered; what is on its way was picked, also if nobody has said so.
STAGES: tuple[Callable[[WorkLine], bool], ...] = (
    lambda one: True,
    lambda one: one.picked is not None or one.status in GONE,
    lambda one: one.status in GONE,
    lambda one: one.status == Status.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class LineProgress:
    """Units of one line. What is delivered is shipped as well, what is shipped picked, what is picked allocated."""

    allocated: int = 0
    picked: int = 0
    shipped: int = 0
    delivered: int = 0
    short: int = 0


def line_progress(
    lines: Sequence[OrderedLine], work: Iterable[WorkLine], short: Mapping[str, int], bundles: Mapping[str, Parts]
) -> dict[int, LineProgress]:
    """By line number. Lines of one SKU fill in their order; of a bundle only whole ones count.

    `short` are units by SKU that nobody has; the last lines of the SKU want for them.
    """
    done = [one for one in work if one.status not in UNDONE]
    most = {line.line_no: line.quantity - line.withdrawn for line in lines}
    stages = []
    for counts in STAGES:
        left = Counter[str]()
        for one in done:
            left[one.sku] += one.units if counts(one) else 0
        # No line is further at one stage than at the one before, however lines share their SKUs.
        most = share_out(lines, left, bundles, most)
        stages.append(most)
    allocated, picked, shipped, delivered = stages
    return {
        line.line_no: LineProgress(
            allocated[line.line_no],
            picked[line.line_no],
            shipped[line.line_no],
            delivered[line.line_no],
            _lacking(line, short, bundles, line.quantity - line.withdrawn - allocated[line.line_no]),
        )
        for line in lines
    }


def share_out(
    lines: Sequence[OrderedLine], left: Counter[str], bundles: Mapping[str, Parts], most: Mapping[int, int]
) -> dict[int, int]:
    """Share what there is of each SKU out over the lines, the first line first, and at most so many units to each."""
    shared = {}
    for line in lines:
        parts = bundles.get(line.sku, {line.sku: 1})
        whole = min(left[part] // each for part, each in parts.items())
        shared[line.line_no] = taken = max(0, min(whole, most[line.line_no]))
        left.subtract({part: taken * each for part, each in parts.items()})
    return shared


def _lacking(line: OrderedLine, short: Mapping[str, int], bundles: Mapping[str, Parts], open_units: int) -> int:
    """Units of the line that wait for stock: never more than are not allocated."""
    lacking = (-(-short.get(part, 0) // each) for part, each in bundles.get(line.sku, {line.sku: 1}).items())
    return max(0, min(open_units, max(lacking)))
