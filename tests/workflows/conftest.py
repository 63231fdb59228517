"""Two houses for all workflow tests: with quick partners, and with silent ones."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import create_engine, text
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from tests.conftest import TEMPLATE
from tests.house import QUICK, SILENT, House, open_house


def fresh_database(postgres: EmbeddedPostgres, name: str) -> Iterator[str]:
    admin = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    admin.dispose()
    yield postgres.ensure_database(name)


@pytest.fixture(scope="session")
def quick_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    yield from fresh_database(postgres, "quick_house")


@pytest.fixture(scope="session")
def silent_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    yield from fresh_database(postgres, "silent_house")


@pytest.fixture(scope="session")
async def quick(temporal: WorkflowEnvironment, quick_database: str) -> AsyncIterator[House]:
    """Partners answer at once."""
    async with open_house(temporal, quick_database, QUICK) as house:
        yield house


@pytest.fixture(scope="session")
async def silent(temporal: WorkflowEnvironment, silent_database: str) -> AsyncIterator[House]:
    """Partners take work and say nothing; the test says what they would."""
    async with open_house(temporal, silent_database, SILENT) as house:
        yield house
