"""One whole Baton for all that is done to it here; each test waits until its own orders are through."""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.databases import copy_template
from tests.e2e.running import Running, running
from tests.house import SILENT, House, open_house


@pytest.fixture(scope="package")
def baton() -> Iterator[Running]:
    with running(step_seconds=0.2) as baton:
        yield baton


@pytest.fixture(scope="package")
async def house(temporal: WorkflowEnvironment, postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    """All of Baton in this process, whose partners take work and say nothing."""
    async with open_house(temporal, copy_template(postgres, "faulty_partners"), SILENT) as opened:
        yield opened
