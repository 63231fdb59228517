"""One Temporal server for all workflow tests, and two houses: with quick partners, and with silent ones."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import create_engine, text
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from embedded.temporal_server import find_program
from tests.conftest import TEMPLATE
from tests.house import QUICK, SILENT, House, open_house
from workflows.search_attributes import ALL


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real server whose workflows may have their clocks moved on. Experimental in the SDK, so only this knows it."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=find_program(),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
        search_attributes=list(ALL),
    )
    async with environment:
        yield environment


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
