"""All activities, called as plain Python, over an empty database and partners on a socket."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from integrations.http import PartnerHttp
from models.database import Sessions
from simulators.settings import PARTNERS
from tests.activities.erp import Erp
from tests.activities.story import Steps, build_steps
from tests.integrations.servers import SECRET, connecting, simulating

# Partners so slow that they do nothing by themselves during a test; nobody receives their webhooks.
NEVER, NOBODY = 600.0, "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with simulating(NOBODY, NEVER) as address:
        yield address


@pytest.fixture(scope="session")
def partners(address: str) -> Iterator[dict[str, PartnerHttp]]:
    with connecting(address) as partners:
        yield partners


@pytest.fixture(scope="session")
def ask(address: str) -> Iterator[Callable[..., Any]]:
    """Query a simulator by path."""
    with httpx2.Client(base_url=address) as client:
        yield lambda path, **params: client.get(path, params=params).json()


@pytest.fixture
def trouble(address: str) -> Iterator[Callable[..., None]]:
    """Put a simulator into a kind of trouble; all are reset after the test."""
    with httpx2.Client(base_url=address) as client:

        def put(partner: str, kind: str, **how: float) -> None:
            client.put(f"/{partner}/trouble", json={"kind": kind, **how}).raise_for_status()

        yield put
        for partner in PARTNERS:
            put(partner, "none")


@pytest.fixture
def erp(steps: Steps, partners: dict[str, PartnerHttp], ask: Callable[..., Any]) -> Erp:
    return Erp(steps.sessions, partners["erp"], ask)


@pytest.fixture
def unreachable() -> Iterator[PartnerHttp]:
    client = PartnerHttp("erp", NOBODY, SECRET, timeout_seconds=0.5)
    yield client
    client.close()


@pytest.fixture
def steps(stocked: Sessions, partners: dict[str, PartnerHttp]) -> Steps:
    """All activities, and an order of two lamps and a cup that was just received."""
    return build_steps(stocked, partners)
