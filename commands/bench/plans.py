"""`baton bench plans`: finds statements of a day's work that read more because there were more orders before."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import Engine, create_engine, text
from standardwebhooks import Webhook

from commands.bench.day import Day
from commands.bench.flow import free_ports
from commands.bench.planting import Template, plant, read_template
from commands.bench.recording import read
from commands.bench.speed import Speed
from commands.bench.statements import Explained, Growth, grown
from commands.keys import create_key
from commands.seed import SHOP, stock_shop
from embedded.services import Service
from embedded.stack import Stack
from models.database import open_database, sessions

SAMPLE = 2_000
REST_SECONDS = 25
"""Longer than the pauses of the relay, so that each of its jobs has run."""
Say = Callable[[str, int], object]
"""Called with what is planted, and the number of its orders so far."""
Prepare = Callable[[Engine], object]
"""Fills the database before the day begins."""


@dataclass(frozen=True)
class PlanFigures:
    """`grown` are the statements that read more than twice as many blocks after `orders` as after `few`.

    A real order has up to `rows_of_a_real_order` rows in a table. If the disk that may be used is too small, it was
    planted with fewer, up to `rows_of_a_table`, and `orders` are fewer than `asked`.
    """

    asked: int
    few: int
    orders: int
    rows_of_a_table: int
    rows_of_a_real_order: int
    gigabytes: float
    statements: int
    most_blocks: int
    grown: Sequence[Growth]


def measure_plans(orders: int, few: int, gigabytes: float, say: Say, speed: Speed) -> PlanFigures:
    """Run a day after no orders, after few and after many, each on a stack of its own."""
    templates: list[tuple[Template, int, int]] = []
    sizes: list[int] = []

    def learn(engine: Engine) -> None:
        template = read_template(engine)
        plant(engine, template, SAMPLE, SAMPLE, template.most_rows, lambda done: say("sample", done))
        templates.append((template, *_fit_to_disk(template, _bytes_of_rows(engine), orders, gigabytes)))

    def planted_with(number: int, what: str) -> Prepare:
        def fill(engine: Engine) -> None:
            plant(engine, template, number, few, rows, lambda done: say(what, done))
            sizes.append(_database_size(engine))

        return fill

    _run_day("FIRST", lambda engine: None, learn)
    template, rows, planted = templates[0]
    before = _run_day("FEW", planted_with(few, "few"))
    speed.look()
    after = _run_day("MANY", planted_with(planted, "many"))
    most = max(one.blocks for one in after.values())
    size = round(sizes[-1] / 1e9, 1)
    return PlanFigures(orders, few, planted, rows, template.most_rows, size, len(after), most, grown(before, after))


class _RecordedStack(Stack):
    """Prepares its database, then records what the statements of its API and worker read."""

    def __init__(self, directory: Path, prepare: Prepare) -> None:
        super().__init__(directory, free_ports(), step_seconds=0.1, pages=False)
        self.statements = directory / "statements"
        self._prepare = prepare

    def _migrate(self) -> None:
        super()._migrate()
        engine = open_database(self.postgres.url, connections=1)
        self._prepare(engine)
        with sessions(engine).begin() as session:
            stock_shop(session, SHOP)
        engine.dispose()

    def _api(self) -> Service:
        return self._recorded(super()._api())

    def _workers(self) -> list[Service]:
        return [self._recorded(service) for service in super()._workers()]

    def _recorded(self, service: Service) -> Service:
        self.statements.mkdir(exist_ok=True)
        module = service.command[service.command.index("-m") + 1 :]
        service.command = [sys.executable, "-m", "commands.bench.recording", str(self.statements), *module]
        return service


def _run_day(name: str, prepare: Prepare, after: Prepare = lambda engine: None) -> Mapping[str, Explained]:
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = closing.enter_context(_RecordedStack(directory, prepare))
        asyncio.run(_live(stack, name))
        for service in ("worker", "api"):
            stack.service(service).stop()
        engine = create_engine(stack.postgres.url)
        closing.callback(engine.dispose)
        after(engine)
        return read(stack.statements)


async def _live(stack: Stack, name: str) -> None:
    engine = create_engine(stack.postgres.url)
    key = create_key(sessions(engine), "bench", "staff")
    engine.dispose()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=stack.api_url, headers=headers, timeout=120, verify=False) as api:

        async def say(partner: str, kind: str, data: dict[str, Any]) -> None:
            now, event_id = datetime.now(UTC), uuid4().hex
            body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
            signature = Webhook(stack.env[f"BATON_{partner.upper()}__SECRET"]).sign(event_id, now, body)
            signed = {"webhook-id": event_id, "webhook-timestamp": str(int(now.timestamp()))}
            answer = await api.post(
                f"/webhooks/{partner}", content=body, headers=signed | {"webhook-signature": signature}
            )
            answer.raise_for_status()

        await Day(api, say, name).live()
    await asyncio.sleep(REST_SECONDS)


def _fit_to_disk(
    template: Template, bytes_of_rows: Mapping[str, float], orders: int, gigabytes: float
) -> tuple[int, int]:
    """Return the most rows of a table that an order is planted with, and the number of orders, that fit `gigabytes`."""
    for rows in range(template.most_rows, 0, -1):
        planted = template.rows_an_order(rows)
        bytes_an_order = sum(bytes_of_rows[table] * number for table, number in planted.items()) / len(template.orders)
        if bytes_an_order * orders <= gigabytes * 1e9:
            return rows, orders
    return 1, int(gigabytes * 1e9 / bytes_an_order)


def _bytes_of_rows(engine: Engine) -> dict[str, float]:
    """The size of a row by table, with its share of the indexes."""
    tables = """
        SELECT relname, pg_total_relation_size(oid) / greatest(reltuples, 1) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)"""
    with engine.connect() as connection:
        return {name: float(size) for name, size in connection.execute(text(tables))}


def _database_size(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
