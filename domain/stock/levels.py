"""When stock is low, out or back: each is told once a crossing, however often stock moves on one side of it."""

from collections.abc import Collection
from dataclasses import dataclass

LOW, OUT, BACK = "stock.low", "stock.out", "stock.back"


@dataclass(frozen=True, slots=True)
class Crossings:
    """What is to be told now, and which of the alerts that were open have come to their end."""

    raised: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()


def crossings(available: int, low_at: int, open_alerts: Collection[str]) -> Crossings:
    """Compare what is available in the whole network with the alerts that are open: LOW, OUT or both.

    LOW is open while no more than `low_at` units are available (0: never), OUT while there are none. BACK is told when
    OUT ends, and is never open.
    """
    holds = {LOW: available <= low_at and low_at > 0, OUT: available <= 0}
    raised = [kind for kind, true in holds.items() if true and kind not in open_alerts]
    cleared = [kind for kind, true in holds.items() if not true and kind in open_alerts]
    if OUT in cleared:
        raised.append(BACK)
    return Crossings(tuple(raised), tuple(cleared))
