"""Real PostgreSQL and Temporal for all tests: one server of each a session, and an empty migrated database."""
# ruff: noqa: E402

from embedded.garbage import collect_rarely

# First, as in a worker: it makes importing cheaper as well.
collect_rarely()

import base64
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, text
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from xdist.scheduler import LoadFileScheduling

from embedded.ending import end_process
from embedded.postgres import EmbeddedPostgres
from embedded.temporal_server import DYNAMIC_CONFIG, find_program
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.vault import Vault
from settings import Partner, Settings
from tests.databases import bring_back, copy_template, make_template
from tests.factories import LAMP, TEACUP, stock_shop
from workflows.payloads import DATA_CONVERTER
from workflows.search_attributes import ALL

SECRETS_KEY = "5e" * 32
_status: list[int] = []
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))
"""Cases of each property: the same ones in each run, or random ones where their number is given."""
LONG = ("e2e", "faults", "workflows", "bench", "embedded", "activities")


class Scheduling(LoadFileScheduling):
    """Keep the tests of a file in one process, since they share fixtures, and so all that share a running Baton."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((folder for folder in ("tests/e2e/", "tests/faults/") if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long tests first, so that no process is still busy with one when the others are done."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(LONG)))


def pytest_configure() -> None:
    # No deadline: on a busy machine the same case takes ten times as long.
    fixed = "EXAMPLES" not in os.environ
    hypothesis.settings.register_profile("baton", max_examples=EXAMPLES, deadline=None, derandomize=fixed)
    hypothesis.settings.load_profile("baton")
    # Commands that tests run as at a terminal need a key.
    os.environ["BATON_SECRETS_KEY"] = SECRETS_KEY


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_sessionfinish(exitstatus: int) -> None:
    _status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    # Fixtures are closed and the summary is printed by now; see embedded/ending.py.
    if _status and not hasattr(config, "workerinput"):
        end_process(_status[0])


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # Not below pytest's own directory: another session that starts would close it to the server's account.
    with tempfile.TemporaryDirectory(prefix="baton-tests-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        # No test cuts the power, so what guards against that only costs time; and each look of autovacuum starts a
        # process for every database that a test has made.
        with create_engine(server.url, isolation_level="AUTOCOMMIT").connect() as admin:
            for setting in ("fsync = off", "full_page_writes = off", "autovacuum_naptime = '2min'"):
                admin.execute(text(f"ALTER SYSTEM SET {setting}"))
            admin.execute(text("SELECT pg_reload_conf()"))
        make_template(server)
        yield server
        server.stop()


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real server that can move the clocks of workflows. Experimental in the SDK, so it is used only here."""
    values = ("frontend.WorkflowTimeSkippingEnabled=true", *DYNAMIC_CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        # As on one machine: it is short of CPU, not of memory.
        patch.setenv("GOGC", "400")
        environment = await WorkflowEnvironment.start_time_skipping_v2(
            ts_config=TimeSkippingConfig(enabled=False),
            dev_server_existing_path=find_program(),
            dev_server_startup_timeout=timedelta(minutes=1),
            dev_server_extra_args=[word for value in values for word in ("--dynamic-config-value", value)],
            search_attributes=list(ALL),
            data_converter=DATA_CONVERTER,
        )
    async with environment:
        yield environment


@pytest.fixture(scope="session")
def shared_url(postgres: EmbeddedPostgres) -> str:
    return copy_template(postgres, "shared")


@pytest.fixture(scope="session")
def shared_engine(shared_url: str) -> Iterator[Engine]:
    engine = open_database(shared_url, connections=20, prepares=True)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared_engine: Engine) -> Engine:
    """The database with every migration and no rows; a test that changes more than rows changes it back."""
    bring_back(shared_engine)
    return shared_engine


@pytest.fixture
def database_url(engine: Engine, shared_url: str) -> str:
    return shared_url


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return open_sessions(engine, Vault(SECRETS_KEY))


@pytest.fixture
def stocked(sessions: Sessions) -> Sessions:
    """A shop with lamps and cups near the customer, and a few lamps far away."""
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}, "CHENGDU": {LAMP: 3}})
    return sessions


def partner(url: str = "http://127.0.0.1:9") -> Partner:
    """Settings of a partner at an address where nobody answers, unless the test gives one."""
    return Partner(url=url, secret="whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes!").decode())


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    partners: dict[str, Any] = {
        name: partner() for name in ("wms", "tms", "payments", "erp", "crm", "channel", "inbox")
    }
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0}
    return Settings(_env_file=None, database_url=database_url, data_dir=tmp_path, **ours, **partners)
