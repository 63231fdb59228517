"""One whole Baton for all that is done to it here; each test waits until its own orders are through."""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.baton import SILENT, Baton, open_baton
from tests.databases import copy_template
from tests.e2e.stack import RunningStack, run_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[RunningStack]:
    with run_stack(step_seconds=0.2) as stack:
        yield stack


@pytest.fixture(scope="package")
async def baton(temporal: WorkflowEnvironment, postgres: EmbeddedPostgres) -> AsyncIterator[Baton]:
    """All of Baton in this process, whose partners take work and say nothing."""
    async with open_baton(temporal, copy_template(postgres, "faulty_partners"), SILENT) as opened:
        yield opened
