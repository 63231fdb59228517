"""How urgent an order is, by the service level that its channel tagged it with."""

from collections.abc import Iterable, Mapping

MOST_URGENT, NORMAL, STANDARD = 1, 3, "standard"
URGENCY: Mapping[str, int] = {
    "same-day": MOST_URGENT,
    "express": MOST_URGENT,
    "priority": 2,
    STANDARD: NORMAL,
    "economy": 4,
}
"""By tag, from 1 (first) to 5 (last), as Temporal counts priorities."""


def urgency(tags: Iterable[str]) -> int:
    """The most urgent of what the tags ask for; 3 when they say nothing of it."""
    return min((URGENCY[tag.lower()] for tag in tags if tag.lower() in URGENCY), default=NORMAL)


def service_level(tags: Iterable[str]) -> str:
    """The name of the most urgent level among the tags; of two alike the first of the table."""
    asked = {tag.lower() for tag in tags} & set(URGENCY)
    return min(asked, key=list(URGENCY).index, default=STANDARD)


class Allowance:
    """How much of each channel goes before everybody: a `share` of its orders, and up to `at_once` after a pause.

    Priorities stand above the turns of channels, so a channel that calls every order urgent would always be first: what
    goes beyond its allowance is as urgent as any order.
    """

    def __init__(self, share: float = 0.2, at_once: float = 10) -> None:
        self._share = share
        self._at_once = at_once
        self._left: dict[str, float] = {}

    def urgency(self, channel: str, tags: Iterable[str]) -> int:
        """How urgent the channel's next order is."""
        asked, left = urgency(tags), self._left.get(channel, self._at_once)
        if asked < NORMAL:
            asked, left = (asked, left - 1) if left >= 1 else (NORMAL, left)
        self._left[channel] = min(self._at_once, left + self._share)
        return asked
