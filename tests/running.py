"""One Baton for all tests of a package, whose partners are silent, or quick: a second one would cost as much when idle.

A package's conftest imports both fixtures.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from simulators.world import World
from tests.baton import QUICK, SILENT, Baton, open_baton
from tests.databases import copy_template


@pytest.fixture(scope="package")
async def silent(
    request: pytest.FixtureRequest, temporal: WorkflowEnvironment, postgres: EmbeddedPostgres
) -> AsyncIterator[Baton]:
    """Partners accept work and report nothing; the test sends their reports."""
    package = request.node.nodeid.rpartition("/")[2]
    async with open_baton(temporal, copy_template(postgres, package), SILENT) as baton:
        yield baton


@pytest.fixture
def quick(silent: Baton, monkeypatch: pytest.MonkeyPatch) -> Baton:
    """Partners answer at once while the test runs."""
    monkeypatch.setattr(World, "steps", lambda world, number=1: asyncio.sleep(number * QUICK))
    return silent
