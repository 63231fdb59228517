"""One Baton for all stories of the shop, whose partners are silent, or quick."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from embedded.postgres import EmbeddedPostgres
from simulators.world import World
from tests.baton import QUICK, SILENT, Baton, open_baton
from tests.databases import copy_template


@pytest.fixture(scope="package")
async def silent(temporal: WorkflowEnvironment, postgres: EmbeddedPostgres) -> AsyncIterator[Baton]:
    """Partners accept work and report nothing; the test sends their reports."""
    async with open_baton(temporal, copy_template(postgres, "shop"), SILENT) as baton:
        yield baton


@pytest.fixture
def quick(silent: Baton, monkeypatch: pytest.MonkeyPatch) -> Baton:
    """Partners answer at once while the test runs."""
    monkeypatch.setattr(World, "steps", lambda world, number=1: asyncio.sleep(number * QUICK))
    return silent
