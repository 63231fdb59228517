"""One running stack for all these tests; each waits until its own orders have ended, so that the next finds peace.

WORKERS is how many workers it has, 1 by default.
"""

import os
from collections.abc import Iterator

import pytest
from temporalio.client import Client

from tests.e2e.stack import RunningStack, run_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[RunningStack]:
    with run_stack(step_seconds=0.1, workers=int(os.environ.get("WORKERS", "1"))) as stack:
        yield stack


@pytest.fixture(scope="package")
async def client(stack: RunningStack) -> Client:
    """A Temporal client, which sees what the Temporal UI shows."""
    return await Client.connect(stack.embedded.temporal_address)
