"""The API as its callers see it: the whole app over a database without rows."""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from prometheus_client import generate_latest

from api.app import create_app
from api.examples import ORDER
from commands.keys import create_key
from embedded.postgres import EmbeddedPostgres
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from record.rules.confined import Confined
from settings import Settings
from tests.conftest import SECRETS_KEY, partner
from tests.databases import copy_template

Api = httpx2.AsyncClient
Body = dict[str, Any]
Connect = Callable[[str], Api]

NOBODY = "127.0.0.1:9"
PARTNERS = ("wms", "tms", "payments", "erp", "crm", "channel", "inbox")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Temporal does not answer, unless the test starts one."""
    return settings.model_copy(update={"temporal_address": NOBODY})


@pytest.fixture
async def connect(settings: Settings) -> AsyncIterator[Connect]:
    """Return a client of the running app with a key; an empty text is no key."""
    async with running(settings) as client:
        yield client


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Connect]:
    app = create_app(settings)
    clients: list[Api] = []

    def client(key: str) -> Api:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        transport = httpx2.ASGITransport(app)
        clients.append(httpx2.AsyncClient(transport=transport, base_url="http://baton", headers=headers))
        return clients[-1]

    async with app.router.lifespan_context(app):
        yield client
        for each in clients:
            await each.aclose()


def figures_of(api: Api) -> str:
    """Return the metrics of the app behind this client; it has no metrics port here."""
    app: Any = api._transport.app  # type: ignore[attr-defined]
    return generate_latest(app.state.metrics.registry).decode()


@pytest.fixture(scope="session")
async def refusing(postgres: EmbeddedPostgres) -> AsyncIterator[Connect]:
    """Like `connect`, but with one database for all tests of refused requests, which change nothing."""
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    url = copy_template(postgres, "refusing")
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0}
    settings = Settings(_env_file=None, database_url=url, temporal_address=NOBODY, **ours, **partners)
    async with running(settings) as client:
        yield client


@pytest.fixture(scope="module")
def confined() -> Iterator[Confined]:
    confined = Confined()
    yield confined
    confined.close()


@pytest.fixture
def one_confined(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each app of a file use the same process for the rules of staff: one takes longer to start than a test."""
    monkeypatch.setattr(confined, "close", lambda: None)
    monkeypatch.setattr("api.services.Confined", lambda: confined)


@pytest.fixture(scope="session")
def nobody(refusing: Connect) -> Api:
    return refusing("")


@pytest.fixture(scope="session")
def manager(refusing: Connect, postgres: EmbeddedPostgres) -> Api:
    """A key with all rights, for requests that are refused all the same."""
    engine = open_database(postgres.ensure_database("refusing"))
    key = create_key(open_sessions(engine), "Mo the manager", "admin")
    engine.dispose()
    return refusing(key)


@pytest.fixture
def staff(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Sun of support", "staff"))


@pytest.fixture
def viewer(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Vera of finance", "viewer"))


@pytest.fixture
def tmall(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "tmall-connector", "channel", "tmall"))


@pytest.fixture
def shop(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "shop-connector", "channel", "shop"))


@pytest.fixture
def anybody(connect: Connect) -> Api:
    return connect("")


def order_body(**changes: Any) -> Body:
    """Return the order of the documentation with changed fields."""
    return copy.deepcopy(ORDER) | changes


def lines(count: int) -> list[Body]:
    return [{"sku": f"TEACUP-{number}", "quantity": 1, "unit_price": "2.00"} for number in range(1, count + 1)]


def assert_problem(answer: httpx2.Response, status: int, kind: str) -> Body:
    """Check that the answer is this problem, in the form of RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Body = answer.json()
    assert problem["type"] == f"urn:baton:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.request.url.path
    return problem


def fields(problem: Body) -> list[str]:
    return [error["field"] for error in problem["errors"]]


@pytest.fixture
def place(staff: Api) -> Callable[..., Awaitable[str]]:
    """Place an order and get its id."""

    async def placed(**changes: Any) -> str:
        answer = await staff.post("/orders", json=order_body(**changes))
        assert answer.status_code == 202, answer.text
        order_id: str = answer.json()["order_id"]
        return order_id

    return placed
