"""A simulated channel that stock is pushed to, with our account and listings of what the shop has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from sqlalchemy import func, select

from activities.push import Push, PushAnswer, PushRequest
from commands.channels import save_account
from domain.stock.movements import Movement
from domain.stock.views import Share
from integrations.circuit import Circuits
from integrations.tls import tls_context
from models.database import Sessions
from models.listing import ChannelListingRow
from models.stock import StockRow
from record.channels.listings import put_listing
from record.parameters import ParameterCache
from record.stock import ledger
from record.stock.channel_shares import set_share
from record.stock.sweep import Sweep
from tests.factories import LAMP
from tests.integrations.servers import simulating

NOBODY, NEVER = "http://127.0.0.1:9", 600.0
CHANNEL = "web-shop"
ACCESS: dict[str, dict[str, Any]] = {
    "plain": {"token": "simulated-token"},
    "shopify": {"token": "shpat_simulated", "location": "77"},
}
PATHS = {"plain": "/channel", "shopify": "/shopify/admin/api/2025-10"}


@dataclass
class Listed:
    name: str
    client: httpx2.Client
    sessions: Sessions
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def open_account(self, **push: Any) -> None:
        url = str(self.client.base_url).rstrip("/") + PATHS[self.name]
        settings = {"push": {"every": 0, "timeout": 5} | ACCESS[self.name] | {"url": url} | push}
        save_account(self.sessions, CHANNEL, self.name, "a secret of the tests", settings)

    def offer(self, sku: str, channel_sku: str = "", share: int = 100, reserve: int = 0, enabled: bool = True) -> None:
        with self.sessions.begin() as session:
            put_listing(session, CHANNEL, sku, channel_sku or sku, enabled)
            if (share, reserve) != (100, 0):
                set_share(session, CHANNEL, sku, Share(share, reserve))

    def move(self, kind: str, quantity: int, sku: str = LAMP, place: str = "HANGZHOU") -> None:
        """Move stock, and sweep."""
        with self.sessions.begin() as session:
            ledger.post(session, [Movement(kind, sku, place, quantity)], None, "a test")
        Sweep(self.sessions, ParameterCache()).run()

    def push(self) -> list[PushAnswer]:
        """Push batch after batch until no listing is behind."""
        answers = [self.push_batch()]
        while answers[-1].more:
            assert len(answers) < 100
            answers.append(self.push_batch())
        return answers

    def push_batch(self) -> PushAnswer:
        return Push(self.sessions, Circuits(), lambda: self.now).push_batch(PushRequest(CHANNEL))

    def trouble(self, **troubles: Any) -> None:
        path = f"{PATHS[self.name].partition('/admin')[0]}/stock/troubles"
        assert self.client.post(path, json=troubles).status_code == 200

    def known(self) -> dict[str, Any]:
        """The channel's own state: `quantities` by its SKUs, every update in `told`, and the number of `calls`."""
        return dict(self.client.get(f"{PATHS[self.name].partition('/admin')[0]}/stock").json())

    def row(self, sku: str = LAMP) -> ChannelListingRow:
        with self.sessions() as session:
            return session.get_one(ChannelListingRow, (CHANNEL, sku))

    def behind(self) -> Sequence[str]:
        listing = ChannelListingRow
        with self.sessions() as session:
            behind = select(listing.sku).where(listing.version > listing.acknowledged_version).order_by(listing.sku)
            return session.scalars(behind).all()

    def available(self, sku: str = LAMP) -> int:
        with self.sessions() as session:
            return int(session.scalar(select(func.sum(StockRow.available)).where(StockRow.sku == sku)) or 0)


@contextmanager
def listed(name: str, sessions: Sessions) -> Iterator[Listed]:
    with simulating(NOBODY, NEVER) as address, httpx2.Client(base_url=address, verify=tls_context()) as client:
        there = Listed(name, client, sessions)
        there.open_account()
        Sweep(sessions, ParameterCache()).run()
        yield there
