"""One whole Baton for all that is done to it here; each test waits until its own orders are through."""

from collections.abc import Iterator

import pytest

from tests.e2e.running import Running, running


@pytest.fixture(scope="package")
def baton() -> Iterator[Running]:
    with running(step_seconds=0.2) as baton:
        yield baton
