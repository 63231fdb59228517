"""One whole Baton for these tests, with quick partners."""

from collections.abc import Iterator

import pytest
from temporalio.client import Client

from tests.e2e.running import Running, running


@pytest.fixture(scope="package")
def baton() -> Iterator[Running]:
    with running(step_seconds=0.05) as baton:
        yield baton


@pytest.fixture(scope="package")
async def client(baton: Running) -> Client:
    """What the Temporal UI sees."""
    return await Client.connect(baton.stack.temporal_address)
