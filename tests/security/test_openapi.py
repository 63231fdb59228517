"""Every operation of the OpenAPI document with valid and invalid requests, as admin, channel and viewer.

Each case is made once from a fixed seed and sent with each key over a socket. `CASES` is their number for each
operation: half are valid by the schema and half are not; every other one uses ids of existing orders, our own or a
neighbor's.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from threading import Thread
from typing import Any

import hypothesis
import pytest
import schemathesis
import uvicorn
from requests import RequestException, Session
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from api.app import create_app
from api.serve import listen
from commands.keys import create_key
from embedded.postgres import EmbeddedPostgres
from models.database import open_database
from models.database import sessions as open_sessions
from settings import Settings
from tests.api.conftest import NOBODY, PARTNERS, order_body
from tests.conftest import SECRETS_KEY, partner
from tests.databases import copy_template

CASES = int(os.environ.get("CASES", "2"))
SEED = 7
NEIGHBOR = "NEIGHBOR-7f3a"
"""Part of every text in the neighbor's orders."""
STREAM = "/events/stream"
"""tests/api/test_event_stream.py reads it."""
CHECKED = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance"),
)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
NEVER_INVALID = {"/orders:batch", "/webhooks/kuaidi100"}
"""Schemathesis finds no invalid request of these in five hundred tries, which cost as much as all other cases."""
DOWN = 503
"""Temporal is not there, and the API says so; the only 5xx that is no defect."""


@dataclass
class Report:
    """Counts of statuses, and what was wrong with answers, by operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def fail(self, case: Case, role: str, what: str) -> None:
        self.wrong.setdefault(f"{case.method} {case.path} as {role}: {what.splitlines()[0]}", what)


@pytest.fixture(scope="module")
def served(postgres: EmbeddedPostgres) -> Iterator[tuple[str, dict[str, Session], dict[str, list[str]]]]:
    """An API on a port with orders of two channels: its URL, a session for each role, and ids by parameter."""
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    url = copy_template(postgres, "document")
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0, "rpc_timeout": "PT0.2S"}
    settings = Settings(_env_file=None, database_url=url, temporal_address=NOBODY, **ours, **partners)
    engine = open_database(url)
    made = {
        "admin": create_key(open_sessions(engine), "Ada", "admin"),
        "channel": create_key(open_sessions(engine), "tmall-connector", "channel", "tmall"),
        "viewer": create_key(open_sessions(engine), "Vera", "viewer"),
    }
    engine.dispose()
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), access_log=False, log_level="error"))
    serving = Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    while not server.started:
        time.sleep(0.05)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sessions = {role: _session(key) for role, key in made.items()}
    yield address, sessions, _plant(address, sessions["admin"])
    for session in sessions.values():
        session.close()
    server.should_exit = True
    serving.join()


def test_every_answer_is_documented_and_shows_no_neighbor(served: Any, request: pytest.FixtureRequest) -> None:
    # given the document and existing ids
    address, sessions, ids = served
    document = sessions["admin"].get(f"{address}/openapi.json").json()
    # The sessions send the keys, not schemathesis.
    del document["security"], document["components"]["securitySchemes"]
    operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    assert len(operations) >= 100
    report = Report()

    # when each operation is called with each key
    for operation in operations:
        if operation.path != STREAM:
            for case in _cases(operation, ids):
                for role, session in sessions.items():
                    _send(case, role, session, address, report)

    # then all answers are documented, and none shows the neighbor to a channel
    summary = f"{sum(report.statuses.values())} requests: {dict(sorted(report.statuses.items()))}"
    request.config.get_terminal_writer().line(summary)
    assert not report.wrong, "\n\n".join(sorted(report.wrong.values()))


def _session(key: str) -> Session:
    session = Session()
    session.headers["Authorization"] = f"Bearer {key}"
    return session


def _plant(address: str, admin: Session) -> dict[str, list[str]]:
    ids = []
    for channel, mark in (("tmall", "OURS"), ("shop", NEIGHBOR)):
        changes = {"remarks": mark, "tags": [mark], "payment": {"reference": f"PAY-{mark}", "method": "wechat"}}
        body = order_body(channel=channel, channel_order_id=f"{mark}-1", customer={"customer_id": f"C-{mark}"})
        placed = admin.post(f"{address}/orders", json=body | changes)
        assert placed.status_code == 202, placed.text
        ids.append(placed.json()["order_id"])
    return {"order_id": ids, "channel": ["tmall", "shop"], "partner": ["wms", "erp"], "sku": ["ELEGANT-LAMP"]}


def _cases(operation: Any, ids: dict[str, list[str]]) -> list[Case]:
    """CASES / 2 requests of each mode; every other one uses existing ids."""
    found: list[Case] = []
    for mode in MODES[:1] if operation.path in NEVER_INVALID else MODES:

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=max(1, CASES // 2),
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(operation.as_strategy(generation_mode=mode))
        def keep(case: Case) -> None:
            found.append(case)

        try:
            keep()
        except hypothesis.errors.Unsatisfiable:
            continue
    for case, turn in zip(found, cycle((True, False)), strict=False):
        for name in case.path_parameters or {} if turn else ():
            if name in ids:
                case.path_parameters[name] = ids[name][len(found) % len(ids[name])]
    return found


def _send(case: Case, role: str, session: Session, address: str, report: Report) -> None:
    try:
        answer = case.call(base_url=address, session=session, headers=dict(session.headers), timeout=30)
    except RequestException as error:
        report.fail(case, role, f"no answer: {type(error).__name__}")
        return
    report.statuses[answer.status_code] += 1
    if role == "channel" and NEIGHBOR in answer.text and NEIGHBOR not in str(case.body):
        report.fail(case, role, f"shows the neighbor: {answer.text[:500]}")
    checks = [CHECKS.get_one(name) for name in CHECKED if answer.status_code != DOWN or name != "not_a_server_error"]
    try:
        case.validate_response(answer, checks=checks)
    except FailureGroup as failures:
        for failure in failures.exceptions:
            report.fail(case, role, str(failure)[:1_500])


load_all_checks()
