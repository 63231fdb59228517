"""Steps and partners, as the tests of activities have them."""

from tests.activities.conftest import address, ask, partners, steps, trouble

__all__ = ["address", "ask", "partners", "steps", "trouble"]
