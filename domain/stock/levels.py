"""Stock alerts: low, out or back. Each is raised once when stock crosses its threshold, not at every movement beyond
it."""

from collections.abc import Collection
from dataclasses import dataclass

LOW, OUT, BACK = "stock.low", "stock.out", "stock.back"


@dataclass(frozen=True, slots=True)
class Crossings:
    """Alerts to raise now, and open alerts that have ended."""

    raised: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()


def crossings(available: int, low_at: int, open_alerts: Collection[str]) -> Crossings:
    """Compare the units available in the whole network with the open alerts: LOW, OUT or both.

    LOW is open while at most `low_at` units are available (0: never), OUT while none are. BACK is raised when OUT ends,
    and is never open.
    """
    holds = {LOW: available <= low_at and low_at > 0, OUT: available <= 0}
    raised = [kind for kind, true in holds.items() if true and kind not in open_alerts]
    cleared = [kind for kind, true in holds.items() if not true and kind in open_alerts]
    if OUT in cleared:
        raised.append(BACK)
    return Crossings(tuple(raised), tuple(cleared))
