"""`baton bench trace`: the CPU that the proof of its log costs an order, beside that of its whole life."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.orm import Session

from commands.bench.cpu import cpu_seconds
from commands.bench.flow import free_ports
from commands.bench.orders import OrderLoad
from commands.bench.side import Progress, Side, parts_of
from commands.bench.speed import Speed
from embedded.stack import Stack
from models.database import Sessions, open_database, sessions
from record.trail.days import Days
from record.trail.proving import links, signed_days
from record.trail.sealing import Sealing

WARM_UP = 10
NOT_BATON = ("simulators", "client")
WITHOUT_TRIGGERS = text("SET LOCAL session_replication_role = replica")
"""Lets the log be changed, which only a superuser may."""
LOGGED = text("SELECT count(*), count(DISTINCT order_id) FROM order_events")
SEALED_EVERY = timedelta(seconds=0.5)
"""How often the relay seals (relay/carry.py): the number of facts that it seals at a time follows from it."""


@dataclass(frozen=True)
class TraceFigures:
    """CPU milliseconds for an order: of its whole life, and of each part of its proof, with the database.

    `ratio` is the whole proof divided by the life. Sealing and signing are done for every order, proving on request.
    """

    orders: int
    facts_per_order: float
    facts_at_a_time: int
    flow_cpu_ms: float
    sealing_cpu_ms: float
    signing_cpu_ms: float
    proving_cpu_ms: float
    ratio: float


def measure_trace(orders: int, progress: Progress, speed: Speed) -> TraceFigures:
    """Run `orders` orders on a stack of its own, stop its workers, and prove the log again in this process."""
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = closing.enter_context(Stack(directory, free_ports(), step_seconds=0, worker_processes=1, pages=False))
        engine = open_database(stack.env["BATON_DATABASE_URL"], connections=1)
        closing.callback(engine.dispose)
        record = sessions(engine)
        side = asyncio.run(_live(stack, record, orders, progress))
        stack.service("worker").stop()
        progress("proof", 0)
        speed.look()
        figures = prove(record, side)
        progress("proof", orders)
        return figures


async def _live(stack: Stack, record: Sessions, orders: int, progress: Progress) -> Side:
    load = OrderLoad(stack.api_url, record)
    load.prepare(orders + WARM_UP)
    await load.run(WARM_UP, lambda done: None)
    side = Side("orders", load, parts_of(stack))
    await side.round(orders, progress)
    return side


def prove(record: Sessions, side: Side) -> TraceFigures:
    """Seal, sign and prove the log of an idle record again, and compare the CPU with that of its orders."""
    with record.begin() as session:
        facts, orders = session.execute(LOGGED).one()
        session.execute(WITHOUT_TRIGGERS)
        session.execute(text("TRUNCATE event_seals, sealing"))
    at_a_time = max(1, round(facts / orders * side.per_second * SEALED_EVERY.total_seconds()))
    key = Ed25519PrivateKey.generate()
    sealing = Sealing(record, at_a_time)
    seal = _cpu_ms(record, lambda: sum(iter(sealing.run, 0))) / orders
    with record.begin() as session:
        session.execute(WITHOUT_TRIGGERS)
        session.execute(text("UPDATE event_seals SET sealed_at = sealed_at - interval '1 day'"))
    sign = _cpu_ms(record, Days(record, key).close) / orders
    prove = _cpu_ms(record, lambda: _prove_all(record, key)) / orders
    flow = sum(used for part, used in side.cpu_ms.items() if part not in NOT_BATON)
    return TraceFigures(
        orders=side.done,
        facts_per_order=round(facts / orders, 1),
        facts_at_a_time=at_a_time,
        flow_cpu_ms=round(flow, 1),
        sealing_cpu_ms=round(seal, 2),
        signing_cpu_ms=round(sign, 2),
        proving_cpu_ms=round(prove, 2),
        ratio=round((seal + sign + prove) / flow, 4),
    )


def _cpu_ms(record: Sessions, work: Callable[[], object]) -> float:
    """CPU milliseconds of this process and of its one PostgreSQL process."""
    with record() as session:
        backend = {"postgres": [_backend(session)]}
    before = time.process_time() + cpu_seconds(backend)["postgres"]
    work()
    return 1000 * (time.process_time() + cpu_seconds(backend)["postgres"] - before)


def _backend(session: Session) -> int:
    return int(session.scalar(text("SELECT pg_backend_pid()")) or 0)


def _prove_all(record: Sessions, key: Ed25519PrivateKey) -> None:
    with record() as session:
        assert not any(link.fault for link in links(session))
        assert not any(day.faults for day in signed_days(session, key.public_key()))
