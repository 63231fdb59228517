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
    """The most urgent level among the tags, from 1 to 5; 3 if no tag is a service level."""
    return min((URGENCY[tag.lower()] for tag in tags if tag.lower() in URGENCY), default=NORMAL)


def service_level(tags: Iterable[str]) -> str:
    """The name of the most urgent service level among the tags; of equal ones the first in the table."""
    asked = {tag.lower() for tag in tags} & set(URGENCY)
    return min(asked, key=list(URGENCY).index, default=STANDARD)


class Allowance:
    """A token bucket for each channel: a `share` of its orders may be urgent, and up to `at_once` of them after a
    pause.

    Priority counts before the fair turns of channels, so a channel that tags every order as urgent would always be
    first. Beyond its allowance an order is as urgent as any other.
    """

    def __init__(self, share: float = 0.2, at_once: float = 10) -> None:
        self._share = share
        self._at_once = at_once
        self._tokens: dict[str, float] = {}

    def urgency(self, channel: str, tags: Iterable[str]) -> int:
        """The urgency of the channel's next order. Takes from the channel's allowance."""
        level, tokens = urgency(tags), self._tokens.get(channel, self._at_once)
        if level < NORMAL:
            level, tokens = (level, tokens - 1) if tokens >= 1 else (NORMAL, tokens)
        self._tokens[channel] = min(self._at_once, tokens + self._share)
        return level
