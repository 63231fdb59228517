"""Simulated platforms to pull from, each with our account and orders made from its sample."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import select

from activities.pull import Pull, PullAnswer, PullRequest
from commands.channels import save_account
from integrations.abilities.ability import Matter
from integrations.circuit import Circuits
from integrations.tls import tls_context
from models.channel import IntakeRow
from models.database import Sessions
from models.order import OrderRow
from models.pull import ChannelPullRow
from tests.channels.dialects.all import DIALECTS
from tests.integrations.servers import simulating

NOBODY, NEVER = "http://127.0.0.1:9", 600.0
CHANNEL = "web-shop"
ACCESS = {name: dict(dialect.access) for name, dialect in DIALECTS.items()}
PATHS = {name: dialect.path for name, dialect in DIALECTS.items()}
PACE: dict[str, Any] = {"overlap": 60, "skew": 5, "first": 3600, "page_size": 2, "timeout": 2}


@dataclass
class Platform:
    name: str
    client: httpx2.Client
    sessions: Sessions
    now: datetime

    def clock(self) -> datetime:
        """Our clock, which the test moves."""
        return self.now

    @property
    def pulling(self) -> Pull:
        return Pull(self.sessions, Circuits(), self.clock)

    def open_account(self, **pull: Any) -> None:
        url = str(self.client.base_url).rstrip("/") + PATHS[self.name]
        settings = {"pull": PACE | ACCESS[self.name] | {"url": url} | pull}
        save_account(self.sessions, CHANNEL, self.name, "a secret of the tests", settings)

    def put(self, number: int, seconds_ago: float = 600, *matters: Matter, **changes: Any) -> str:
        """Place or change an order at the platform, as a customer does; return its id there."""
        changed = self.now - timedelta(seconds=seconds_ago)
        order = DIALECTS[self.name].order(number, changed) | changes
        for matter in matters:
            order = DIALECTS[self.name].words[matter](order)
        assert self.client.post(f"/{self.name}/orders", json=order).status_code == 201
        return str(number)

    def trouble(self, **troubles: Any) -> None:
        assert self.client.post(f"/{self.name}/troubles", json=troubles).status_code == 200

    def asked(self) -> dict[str, int]:
        return dict(self.client.get(f"/{self.name}/orders").json()["asked"])

    def pull(self) -> list[PullAnswer]:
        """Pull page after page until there are no more."""
        answers = [self.pulling.pull_page(PullRequest(CHANNEL))]
        while answers[-1].more:
            assert len(answers) < 50
            answers.append(self.pulling.pull_page(PullRequest(CHANNEL)))
        return answers

    def orders(self) -> list[str]:
        with self.sessions() as session:
            return sorted(session.scalars(select(OrderRow.channel_order_id)))

    def intakes(self) -> list[IntakeRow]:
        with self.sessions() as session:
            return list(session.scalars(select(IntakeRow).order_by(IntakeRow.intake_id)))

    def place(self) -> ChannelPullRow:
        with self.sessions() as session:
            return session.get_one(ChannelPullRow, CHANNEL)


@contextmanager
def platform(name: str, sessions: Sessions) -> Iterator[Platform]:
    with simulating(NOBODY, NEVER) as address, httpx2.Client(base_url=address, verify=tls_context()) as client:
        there = Platform(name, client, sessions, datetime.now(UTC).replace(microsecond=0))
        there.open_account()
        yield there
