"""What lies in the warehouse as far as somebody counted it: what leaves and comes back is reckoned from there."""

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
    """Units by (location, SKU), and when they last changed; nothing is known of what nobody counted."""

    units: dict[tuple[str, str], int] = field(default_factory=dict)
    changed: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def count(self, location: str, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            self._put(location, line["sku"], line["quantity"])

    def move(self, location: str, lines: Iterable[Mapping[str, Any]], sign: int) -> None:
        """Goods come (1) or leave (-1)."""
        for line in lines:
            if (known := self.units.get((location, line["sku"]))) is not None:
                self._put(location, line["sku"], known + sign * line["quantity"])

    def statement(self) -> Iterable[Line]:
        for (location, sku), units in self.units.items():
            told = units - 1 if Trouble.MISCOUNTED in troubles.named_in(sku) else units
            at = self.changed[location, sku]
            entry = {"location_id": location, "sku": sku, "quantity": told, "changed_at": rfc3339(at)}
            yield Line(at, f"{location}/{sku}", entry)

    def _put(self, location: str, sku: str, units: int) -> None:
        self.units[location, sku], self.changed[location, sku] = units, datetime.now(UTC)
