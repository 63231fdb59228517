"""A Baton in this process that these tests share."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.baton import SILENT, Baton, open_baton
from tests.databases import copy_template


@pytest.fixture(scope="package")
async def baton(temporal: WorkflowEnvironment, postgres: EmbeddedPostgres) -> AsyncIterator[Baton]:
    """Its partners accept work and stay silent."""
    async with open_baton(temporal, copy_template(postgres, "faulty_partners"), SILENT) as opened:
        yield opened
