"""Fixtures of tests/activities: steps and partners. Here `shop` is the stocked one again, not the channel next door."""

from tests.activities.conftest import address, ask, partners, steps, trouble
from tests.conftest import shop

__all__ = ["address", "ask", "partners", "shop", "steps", "trouble"]
