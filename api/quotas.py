"""Quotas of keys and channels, charged by requests, items and bytes, and shown in headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-09: `RateLimit-Policy` says what may be asked for (`q` at
once, all of it again within `w` seconds), `RateLimit` what remains (`r`) and in how many seconds all is back (`t`).
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import NamedTuple

from api.access import Caller
from api.errors import TOO_MANY, Problem
from api.rate_limits import RateLimit

UNITS: Mapping[str, str] = {"requests": "requests", "items": "items", "bytes": "content-bytes"}
"""The units charged, by their name in the headers. The draft has no `items`."""


class Quota(NamedTuple):
    """The quota of one key: `rate` a second, up to `burst` at once."""

    rate: float
    burst: float


class Quotas:
    """Buckets by key, and larger ones by channel (times `channel_times`): a channel gains little by more keys.

    Each process has its own buckets. A channel's webhooks are charged to the channel.
    """

    def __init__(
        self,
        quotas: Mapping[str, Quota],
        channel_times: float,
        refused: Callable[[str, str], None] = lambda unit, whose: None,
    ) -> None:
        self._keys = {unit: RateLimit(one.rate, one.burst) for unit, one in quotas.items()}
        self._channels = {
            unit: RateLimit(one.rate * channel_times, one.burst * channel_times) for unit, one in quotas.items()
        }
        self._refused = refused
        self.policy = ", ".join(
            f'"{unit}";q={int(one.burst)};w={ceil(one.burst / one.rate)};qu="{UNITS[unit]}"'
            for unit, one in quotas.items()
        )

    def charge(self, caller: Caller, unit: str, amount: float) -> None:
        """Charge the key and its channel. A 429 says when to come back if one of them has too little left."""
        self._take(self._keys[unit], caller.key_id, unit, amount, "key")
        if caller.channel is not None:
            self.charge_channel(caller.channel, unit, amount)

    def charge_channel(self, channel: str, unit: str, amount: float) -> None:
        self._take(self._channels[unit], channel, unit, amount, "channel")

    def remaining(self, caller: Caller) -> str:
        """Return what remains to the caller, in the form of the header `RateLimit`."""
        parts = []
        for unit, keys in self._keys.items():
            remaining, seconds = keys.remaining(caller.key_id)
            if caller.channel is not None:
                of_channel, until = self._channels[unit].remaining(caller.channel)
                remaining, seconds = min(remaining, of_channel), max(seconds, until)
            parts.append(f'"{unit}";r={max(0, int(remaining))};t={ceil(seconds)}')
        return ", ".join(parts)

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
