"""Stock in Baton's own format (docs/partners.md): many listings in one call, each with its version."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import httpx2

from domain.errors import PushRefused
from domain.stock.views import StockUpdate
from integrations.http import read_object, readable
from integrations.platforms import PlatformHttp
from integrations.pushes.pusher import PushResult
from integrations.pushes.settings import PushSettings


class PlainPush:
    def __init__(self, settings: PushSettings) -> None:
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("channel", str(settings.url), seconds, headers, refusal=PushRefused)
        self.at_once = settings.batch

    def push(self, offers: Sequence[StockUpdate]) -> PushResult:
        listings = [
            {"channel_sku": offer.channel_sku, "quantity": offer.quantity, "version": offer.version} for offer in offers
        ]
        # A hash of the content: a repeat is recognized, and nothing else can pass for one.
        key = sha256(json.dumps(listings).encode()).hexdigest()
        response = self._http.post_json("/stock", {"listings": listings}, {"Idempotency-Key": key})
        accepted, refused = self._read(response)
        ours = {offer.channel_sku: offer.sku for offer in offers}
        return PushResult(
            taken=frozenset(ours[name] for name in accepted if name in ours),
            refused={ours[name]: reason for name, reason in refused.items() if name in ours},
        )

    def close(self) -> None:
        self._http.close()

    def _read(self, response: httpx2.Response) -> tuple[list[str], dict[str, str]]:
        body: Any = (read_object(response.content) if response.status_code == 200 else None) or {}
        try:
            accepted = [*body["accepted"]]
            refused = {one["channel_sku"]: readable(str(one["reason"])) for one in body["refused"]}
        except (TypeError, KeyError):
            accepted, refused = [None], {}
        if not all(isinstance(name, str) for name in (*accepted, *refused)):
            raise self._http.trouble(f"POST /stock: answered {response.status_code} without the two lists")
        return accepted, refused
