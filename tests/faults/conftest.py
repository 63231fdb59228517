"""One whole Baton for all that is done to it here; each test waits until its own orders are through."""

from collections.abc import Iterator

import pytest

from tests.e2e.running import Running, running


@pytest.fixture(scope="package")
def baton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("hurt"), step_seconds=0.2) as baton:
        yield baton
