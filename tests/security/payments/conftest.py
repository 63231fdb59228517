"""Fixtures of tests/activities: steps and partners."""

from tests.activities.conftest import address, ask, partners, steps, trouble

__all__ = ["address", "ask", "partners", "steps", "trouble"]
