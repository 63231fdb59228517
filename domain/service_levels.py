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
