"""A running stack for these tests, with quick partners."""

from collections.abc import Iterator

import pytest
from temporalio.client import Client

from tests.e2e.stack import RunningStack, run_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[RunningStack]:
    with run_stack(step_seconds=0.05) as stack:
        yield stack


@pytest.fixture(scope="package")
async def client(stack: RunningStack) -> Client:
    """A Temporal client, which sees what the Temporal UI shows."""
    return await Client.connect(stack.embedded.temporal_address)
