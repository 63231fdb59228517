"""Two Batons for all workflow tests: one with quick partners, one with silent ones."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.baton import QUICK, SILENT, Baton, open_baton
from tests.databases import copy_template


@pytest.fixture(scope="package")
def quick_database(postgres: EmbeddedPostgres) -> str:
    return copy_template(postgres, "quick_baton")


@pytest.fixture(scope="package")
def silent_database(postgres: EmbeddedPostgres) -> str:
    return copy_template(postgres, "silent_baton")


@pytest.fixture(scope="package")
async def quick(temporal: WorkflowEnvironment, quick_database: str) -> AsyncIterator[Baton]:
    """Partners answer at once."""
    async with open_baton(temporal, quick_database, QUICK) as baton:
        yield baton


@pytest.fixture(scope="package")
async def silent(temporal: WorkflowEnvironment, silent_database: str) -> AsyncIterator[Baton]:
    """Partners accept work and report nothing; the test sends their reports."""
    async with open_baton(temporal, silent_database, SILENT) as baton:
        yield baton
