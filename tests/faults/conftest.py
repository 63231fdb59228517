"""A running stack that these tests share; each waits until its own orders have ended."""

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
    """All of Baton in this process, with partners that accept work and stay silent."""
    async with open_baton(temporal, copy_template(postgres, "faulty_partners"), SILENT) as opened:
        yield opened
