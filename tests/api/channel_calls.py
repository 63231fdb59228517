"""Calls of channels: with an account, the right secret, and each platform's own signature."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import httpx2

from models.channel import ChannelAccountRow
from models.database import Sessions
from record.channels.accounts import make_account
from tests.api.conftest import Api, Body, order_body

SECRET = "whsec_" + base64.b64encode(b"a secret of the channel").decode()
TOPICS = {
    "shopify": {"X-Shopify-Topic": "orders/create"},
    "woocommerce": {"X-WC-Webhook-Topic": "order.created"},
}


def open_account(sessions: Sessions, channel: str, translator: str = "plain", **settings: Any) -> None:
    with sessions.begin() as session:
        session.merge(ChannelAccountRow(channel=channel, translator=translator, secret=SECRET, settings=settings))


def signed(translator: str, raw: bytes, **settings: Any) -> dict[str, str]:
    scheme = make_account("any", translator, SECRET, settings).signature
    if hasattr(scheme, "header"):
        return {scheme.header: scheme.sign(SECRET, raw)}
    message, now = uuid4().hex, str(int(time.time()))
    return {
        "webhook-id": message,
        "webhook-timestamp": now,
        "webhook-signature": scheme.sign(SECRET, message, now, raw),
    }


async def push(api: Api, channel: str, raw: bytes, translator: str = "plain", **settings: Any) -> httpx2.Response:
    headers = signed(translator, raw, **settings) | TOPICS.get(translator, {})
    return await api.post(f"/channels/{channel}/webhooks", content=raw, headers=headers)


def says(kind: str, channel: str = "tmall", **changes: Any) -> bytes:
    """Return a webhook in our own format about the order of the documentation."""
    return json.dumps({"type": f"order.{kind}", "data": order_body(channel=channel, **changes)}).encode()


def moved(**to: Any) -> Body:
    address: Body = order_body()["ship_to"] | {"lines": ["New Street 9"], "city": "苏州市"} | to
    return address
