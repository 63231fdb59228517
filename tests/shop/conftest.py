"""One Baton for the stories of a real shop; its partners are silent."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.baton import SILENT, Baton, open_baton
from tests.databases import copy_template


@pytest.fixture(scope="package")
async def silent(temporal: WorkflowEnvironment, postgres: EmbeddedPostgres) -> AsyncIterator[Baton]:
    """Partners accept work and report nothing; the test sends their reports."""
    async with open_baton(temporal, copy_template(postgres, "shop"), SILENT) as baton:
        yield baton
