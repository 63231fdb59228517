"""How fast this machine is just now, so that the results of two days or two machines can be compared.

A machine that others use as well is slower for each second of CPU, so a bench looks several times.
"""

import re
import time
from typing import Any

from commands.bench.figures import plain

LOOP_ADDITIONS = 5_000_000
REFERENCE_LOOP_MS = 258.0
"""What the loop costs on the reference core (.ci/cost.py counts by the same one)."""
RATE = re.compile(r".*_per_s")
TIME = re.compile(r"cpu_ms.*|us_per_.*|.*_ms|.*_s")
UNSCALED = re.compile(r".*_to_told(_by_part)?|peak")
"""Times that are mostly spent waiting for partners on any machine, and a load that was chosen by its speed."""


class Speed:
    """CPU milliseconds of a plain loop of 5,000,000 additions: the mean of all looks so far."""

    def __init__(self) -> None:
        self._loops: list[float] = []

    def look(self) -> None:
        """Run the loop once. Call it while nothing is measured: it takes a quarter of a second of one core."""
        began, total = time.thread_time(), 0
        for _ in range(LOOP_ADDITIONS):
            total += 1  # noqa: SIM113  This very loop is what is measured.
        self._loops.append(1000 * (time.thread_time() - began))

    @property
    def loop_ms(self) -> float:
        if not self._loops:
            self.look()
        return round(sum(self._loops) / len(self._loops), 1)

    def add_to(self, figures: Any) -> dict[str, Any]:
        """Return the figures for JSON, with `loop_ms`, and with all rates and times once more in `scaled`."""
        printed: dict[str, Any] = plain(figures)
        return printed | {"loop_ms": self.loop_ms, "scaled": scaled(printed, self.loop_ms)}


def scaled(figures: dict[str, Any], loop_ms: float) -> dict[str, Any]:
    """Return what the rates and times among the figures would be on the reference core, and nothing else of them.

    Their names say which they are. Elements of lists are returned whole, since other fields tell them apart.
    """
    found: dict[str, Any] = {}
    for name, value in figures.items():
        if value is None or UNSCALED.fullmatch(name):
            continue
        factor = _factor(name, loop_ms)
        if factor != 1:
            found[name] = _times(value, factor)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            if any(scaled(one, loop_ms) for one in value):
                found[name] = [one | scaled(one, loop_ms) for one in value]
        elif isinstance(value, dict) and (part := scaled(value, loop_ms)):
            found[name] = part
    return found


def _factor(name: str, loop_ms: float) -> float:
    if RATE.fullmatch(name):
        return loop_ms / REFERENCE_LOOP_MS
    return REFERENCE_LOOP_MS / loop_ms if TIME.fullmatch(name) else 1


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {name: _times(one, factor) for name, one in value.items()}
    return round(value * factor, 3) if isinstance(value, (int, float)) else value
