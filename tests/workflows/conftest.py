"""Two houses for all workflow tests: with quick partners, and with silent ones."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.databases import copy_template
from tests.house import QUICK, SILENT, House, open_house


@pytest.fixture(scope="package")
def quick_database(postgres: EmbeddedPostgres) -> str:
    return copy_template(postgres, "quick_house")


@pytest.fixture(scope="package")
def silent_database(postgres: EmbeddedPostgres) -> str:
    return copy_template(postgres, "silent_house")


@pytest.fixture(scope="package")
async def quick(temporal: WorkflowEnvironment, quick_database: str) -> AsyncIterator[House]:
    """Partners answer at once."""
    async with open_house(temporal, quick_database, QUICK) as house:
        yield house


@pytest.fixture(scope="package")
async def silent(temporal: WorkflowEnvironment, silent_database: str) -> AsyncIterator[House]:
    """Partners take work and say nothing; the test says what they would."""
    async with open_house(temporal, silent_database, SILENT) as house:
        yield house
