"""The partners' clients, connected to their simulators."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from integrations.circuit import Circuit
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.tms import Tms
from integrations.wms import Wms
from tests.integrations.servers import (
    STEP_SECONDS,
    UNHURRIED_STEP_SECONDS,
    Receiver,
    connecting,
    serving,
    simulating,
)


@pytest.fixture(scope="session")
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(scope="session")
def receiver_url(receiver: Receiver) -> Iterator[str]:
    with serving(receiver) as address:
        yield address + "/webhooks"


@pytest.fixture(scope="session")
def simulators(receiver_url: str) -> Iterator[str]:
    with simulating(receiver_url, STEP_SECONDS) as address:
        yield address


@pytest.fixture(scope="session")
def partner(simulators: str) -> Iterator[Callable[[str], PartnerHttp]]:
    """Get a client of one simulated partner, with a circuit of its own."""
    with connecting(simulators) as partners:
        yield lambda name: partners[name].with_circuit(Circuit(name))


@pytest.fixture(scope="session")
def unhurried(receiver_url: str) -> Iterator[Callable[[str], PartnerHttp]]:
    """Get a client of a simulated partner that is slow enough to be stopped before it begins."""
    with simulating(receiver_url, UNHURRIED_STEP_SECONDS) as address, connecting(address) as partners:
        yield partners.__getitem__


@pytest.fixture
def wms(partner: Callable[[str], PartnerHttp]) -> Wms:
    return Wms(partner("wms"))


@pytest.fixture
def tms(partner: Callable[[str], PartnerHttp]) -> Tms:
    return Tms(partner("tms"))


@pytest.fixture
def payments(partner: Callable[[str], PartnerHttp]) -> Payments:
    return Payments(partner("payments"))


@pytest.fixture
def inbox(partner: Callable[[str], PartnerHttp]) -> MessageInbox:
    return MessageInbox(partner("inbox"))


@pytest.fixture(scope="session")
def ask(simulators: str) -> Iterator[httpx2.Client]:
    """A client for the simulators' unsigned calls for people and tests."""
    with httpx2.Client(base_url=simulators) as client:
        yield client
