"""Limits of strangers: by their address, and by the link that they follow."""

import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address

from anyio import CapacityLimiter
from starlette.requests import Request

from api.rate_limits import RateLimit, too_many

MOST_HOLDERS = 20_000
PREFIX_OF_A_HOME = 64
"""Bits of an IPv6 address that stay the same for one subscriber."""
PAGES_A_MINUTE, PAGES_AT_ONCE = 60, 120
WRONG_A_MINUTE, WRONG_AT_ONCE = 10, 20
ACTS_A_MINUTE, ACTS_AT_ONCE = 2, 12
UPLOADS = 2


class StrangersLimit:
    """A `RateLimit` for holders that anybody can make up. It never holds many: beyond `MOST_HOLDERS` all start anew."""

    def __init__(self, a_minute: float, at_once: float, now: Callable[[], float] = time.monotonic) -> None:
        self._make: Callable[[], RateLimit] = partial(RateLimit, a_minute / 60, at_once, now)
        self._limit, self._holders = self._make(), set[str]()

    def take(self, holder: str) -> None:
        """Take one of the holder's turns. A 429 says when to come back if there is none."""
        if holder not in self._holders and len(self._holders) >= MOST_HOLDERS:
            self._limit, self._holders = self._make(), set()
        self._holders.add(holder)
        if wait := self._limit.try_take(holder):
            raise too_many("too many requests", wait)


class Limits:
    """Of one process. `acts` are counted by link and by address."""

    def __init__(self) -> None:
        self.pages = StrangersLimit(PAGES_A_MINUTE, PAGES_AT_ONCE)
        self.wrong = StrangersLimit(WRONG_A_MINUTE, WRONG_AT_ONCE)
        self.acts = StrangersLimit(ACTS_A_MINUTE, ACTS_AT_ONCE)
        self.acts_of_address = StrangersLimit(5 * ACTS_A_MINUTE, 5 * ACTS_AT_ONCE)
        self.uploads = CapacityLimiter(UPLOADS)
        """Forms with photos that are read at a time; they lie in memory."""


def limits_of(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


def address_of(request: Request) -> str:
    """Return the sender's address, of IPv6 the network of a home. Behind a proxy the address that it gives, if uvicorn
    was told to trust it (`FORWARDED_ALLOW_IPS`)."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return host if address.version == 4 else str(int(address) >> (128 - PREFIX_OF_A_HOME))
