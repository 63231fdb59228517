"""Every error is answered as a problem, which never reveals more than the caller may know."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DatabaseError

from api.app import create_app
from api.examples import ORDER
from api.group_commit import QueueFull
from commands.keys import create_key, revoke_keys
from embedded.postgres import EmbeddedPostgres
from models.database import Sessions
from settings import Settings
from tests.api.conftest import Api, Connect, assert_problem, figures_of, order_body


@pytest.mark.parametrize("address", ["/", "/order", "/orders/", "/orders/NONE", "/returns/NONE", "/webhooks/wms/x"])
async def test_an_unknown_path_is_a_problem(manager: Api, address: str) -> None:
    assert_problem(await manager.get(address), 404, "not-found")


async def test_a_method_that_is_not_allowed_is_a_problem(manager: Api) -> None:
    answer = await manager.delete("/orders")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer baton_nobody", "Bearer \x7f"])
async def test_a_caller_without_a_key_is_told_how_to_send_one(nobody: Api, header: str) -> None:
    for address in ("/orders", "/stock", "/returns"):
        answer = await nobody.get(address, headers={"Authorization": header})
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="baton"'


async def test_a_revoked_key_ends(connect: Connect, sessions: Sessions) -> None:
    key = create_key(sessions, "gone-connector", "channel", "gone")
    assert revoke_keys(sessions, "gone-connector") == 1
    assert_problem(await connect(key).get("/orders"), 401, "unauthenticated")


async def test_a_viewer_changes_nothing(viewer: Api) -> None:
    assert_problem(await viewer.post("/orders", json=order_body()), 403, "forbidden")
    assert (await viewer.get("/orders")).status_code == 200


async def test_a_request_has_an_id(staff: Api) -> None:
    assert (await staff.get("/orders")).headers["x-request-id"]
    kept = await staff.get("/orders", headers={"X-Request-Id": "call-17"})
    assert kept.headers["x-request-id"] == "call-17"
    replaced = await staff.get("/orders", headers={"X-Request-Id": "two words"})
    assert replaced.headers["x-request-id"] != "two words"


async def test_an_unexpected_error_reveals_only_its_request_id(
    staff: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a defect whose text names a person
    def defect(*_: Any) -> None:
        raise RuntimeError("cannot read 李雷")

    monkeypatch.setattr("api.orders.orders.find_orders", defect)

    # when a request runs into it
    answer = await staff.get("/orders", params={"customer": "C-1"}, headers={"X-Request-Id": "call-18"})

    # then answer and log say only where it happened
    problem = assert_problem(answer, 500, "internal")
    assert "call-18" in problem["detail"]
    assert "李雷" not in answer.text
    log = capsys.readouterr().err
    assert "call-18" in log
    assert "RuntimeError" in log
    assert "李雷" not in log
    assert "C-1" not in log


@pytest.fixture
def unplugged(postgres: EmbeddedPostgres, engine: Engine) -> Iterator[Any]:
    """Return a function that makes the database refuse connections until the end of the test."""
    admin = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    name = engine.url.database

    def plug(allowed: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"))
            kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(kill, {"name": name})

    yield partial(plug, False)
    plug(True)
    admin.dispose()
    engine.dispose()


async def test_nothing_is_acknowledged_while_the_database_is_down(tmall: Api, unplugged: Any) -> None:
    # given an API that has worked before
    assert (await tmall.post("/orders", json=order_body())).status_code == 202

    # when the database goes away
    unplugged()

    # then reading and writing answer 503, with the time to come back
    for answer in (await tmall.post("/orders", json=order_body()), await tmall.get("/orders")):
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]


async def test_an_order_is_refused_as_busy_when_the_queue_is_full(tmall: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise QueueFull

    monkeypatch.setattr("api.group_commit.GroupCommit.submit", full)
    answer = await tmall.post("/orders", json=order_body())
    assert_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(("gone", "status", "kind"), [(True, 503, "unavailable"), (False, 500, "internal")])
async def test_a_database_session_that_dies_during_an_answer_is_a_503(
    tmall: Api, monkeypatch: pytest.MonkeyPatch, gone: bool, status: int, kind: str
) -> None:
    def cut(*_: Any) -> None:
        raise DatabaseError("error with status PGRES_TUPLES_OK", None, Exception(), connection_invalidated=gone)

    monkeypatch.setattr("api.group_commit.GroupCommit.submit", cut)
    assert_problem(await tmall.post("/orders", json=order_body()), status, kind)


async def test_readiness_says_which_part_is_down(anybody: Api, unplugged: Any) -> None:
    # given a database and no Temporal
    problem = assert_problem(await anybody.get("/readyz"), 503, "unavailable")
    assert problem["detail"] == "down: temporal"
    assert problem["parts"] == {"database": "up", "migrations": "up", "temporal": "down"}

    # when the database goes away as well, and the last result has expired
    unplugged()
    transport: Any = anybody._transport
    transport.app.state.services.readiness._found = None

    # then both are named, the process is still alive, and its metrics say so too
    problem = assert_problem(await anybody.get("/readyz"), 503, "unavailable")
    assert problem["parts"] == {"database": "down", "migrations": "down", "temporal": "down"}
    assert (await anybody.get("/healthz")).json() == {"status": "ok"}
    assert "baton_database_up 0.0" in figures_of(anybody)


async def test_a_command_while_temporal_is_down_is_a_503(staff: Api, place: Any) -> None:
    answer = await staff.post(f"/orders/{await place()}/cancel", json={"reason": "changed her mind"})
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"]


@pytest.fixture
async def unconnected(settings: Settings) -> AsyncIterator[Api]:
    app = create_app(settings.model_copy(update={"database_url": "postgresql+psycopg2://baton@127.0.0.1:9/baton"}))
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://baton") as api,
    ):
        yield api


async def test_the_api_starts_without_its_parts(unconnected: Api) -> None:
    assert (await unconnected.get("/healthz")).status_code == 200
    answer = await unconnected.post("/orders", json=ORDER, headers={"Authorization": "Bearer baton_any"})
    assert_problem(answer, 503, "unavailable")


async def test_the_name_of_an_unknown_field_is_shortened(staff: Api) -> None:
    answer = await staff.post("/orders", json=order_body() | {"x" * 100_000: 0})

    assert_problem(answer, 422, "invalid")
    assert len(answer.content) < 5_000
