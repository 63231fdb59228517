"""Stock in the warehouse: the last count of each SKU, changed by what leaves and comes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators import troubles
from simulators.callbacks import rfc3339
from simulators.statements import Line
from simulators.troubles import Trouble


@dataclass(slots=True)
class Stockroom:
    """Units by (location, SKU) and the time of their last change. A SKU that was never counted has no entry."""

    units: dict[tuple[str, str], int] = field(default_factory=dict)
    changed: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def count(self, location: str, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            self._put(location, line["sku"], line["quantity"])

    def move(self, location: str, lines: Iterable[Mapping[str, Any]], sign: int) -> None:
        """Add (sign 1) or remove (-1) units of SKUs that were counted."""
        for line in lines:
            if (known := self.units.get((location, line["sku"]))) is not None:
                self._put(location, line["sku"], known + sign * line["quantity"])

    def statement(self) -> Iterable[Line]:
        for (location, sku), units in self.units.items():
            listed = units - 1 if Trouble.MISCOUNTED in troubles.named_in(sku) else units
            at = self.changed[location, sku]
            entry = {"location_id": location, "sku": sku, "quantity": listed, "changed_at": rfc3339(at)}
            yield Line(at, f"{location}/{sku}", entry)

    def _put(self, location: str, sku: str, units: int) -> None:
        self.units[location, sku], self.changed[location, sku] = units, datetime.now(UTC)
