"""Quotas of keys and channels: what each may ask for, charged by requests, items and bytes, and told in headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-09: `RateLimit-Policy` says what may be asked for (`q` at
once, all of it again within `w` seconds), `RateLimit` what is left (`r`) and when all of it is there again (`t`).
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import NamedTuple

from api.access import Caller
from api.errors import TOO_MANY, Problem
from api.rate_limits import RateLimit

UNITS: Mapping[str, str] = {"requests": "requests", "items": "items", "bytes": "content-bytes"}
"""What is charged, and the quota unit of the headers. `items` is none of the draft's."""


class Allowed(NamedTuple):
    """Of one key: so many a second, and so many at once."""

    rate: float
    burst: float


class Quotas:
    """Buckets by key, and `channel_times` as large by channel: a channel gains little by having more keys.

    Each process has its own. A channel's webhooks are charged to the channel.
    """

    def __init__(
        self,
        allowed: Mapping[str, Allowed],
        channel_times: float,
        refused: Callable[[str, str], None] = lambda unit, whose: None,
    ) -> None:
        self._keys = {unit: RateLimit(one.rate, one.burst) for unit, one in allowed.items()}
        self._channels = {
            unit: RateLimit(one.rate * channel_times, one.burst * channel_times) for unit, one in allowed.items()
        }
        self._refused = refused
        self.policy = ", ".join(
            f'"{unit}";q={int(one.burst)};w={ceil(one.burst / one.rate)};qu="{UNITS[unit]}"'
            for unit, one in allowed.items()
        )

    def charge(self, caller: Caller, unit: str, amount: float) -> None:
        """A 429 that says when to come back, if the key or its channel has not so much left."""
        self._take(self._keys[unit], caller.key_id, unit, amount, "key")
        if caller.channel is not None:
            self.charge_channel(caller.channel, unit, amount)

    def charge_channel(self, channel: str, unit: str, amount: float) -> None:
        self._take(self._channels[unit], channel, unit, amount, "channel")

    def left(self, caller: Caller) -> str:
        """What is left to the caller, as the header `RateLimit` has it."""
        told = []
        for unit, keys in self._keys.items():
            left, seconds = keys.left(caller.key_id)
            if caller.channel is not None:
                of_channel, until = self._channels[unit].left(caller.channel)
                left, seconds = min(left, of_channel), max(seconds, until)
            told.append(f'"{unit}";r={max(0, int(left))};t={ceil(seconds)}')
        return ", ".join(told)

    def _take(self, limit: RateLimit, name: str, unit: str, amount: float, whose: str) -> None:
        wait = limit.try_take(name, amount)
        if wait:
            self._refused(unit, whose)
            seconds = max(1, ceil(wait))
            headers = {
                "Retry-After": str(seconds),
                "RateLimit-Policy": self.policy,
                "RateLimit": f'"{unit}";r=0;t={seconds}',
            }
            raise Problem(TOO_MANY, f"this {whose} has used up its {unit}", headers=headers)
