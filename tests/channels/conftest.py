"""Our shop at a simulated platform."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from integrations.tls import tls_context
from models.database import Sessions
from tests.channels.shop import NEVER, NOBODY, ShopThere
from tests.integrations.servers import simulating


@pytest.fixture(scope="session")
def platforms() -> Iterator[httpx2.Client]:
    with simulating(NOBODY, NEVER) as address, httpx2.Client(base_url=address, verify=tls_context()) as client:
        yield client


@pytest.fixture
def shop(platforms: httpx2.Client, stocked: Sessions) -> Callable[[str], ShopThere]:
    """Open our shop at a platform; its database is empty but for stock."""

    def opened(name: str) -> ShopThere:
        there = ShopThere(name, platforms, stocked)
        there.forget()
        there.open_account()
        return there

    return opened
