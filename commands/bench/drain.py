"""`baton bench drain`: how long a store's orders wait amid a marketplace's burst, channels in turn or oldest first."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from commands.bench.flow import free_ports
from commands.bench.intake import send
from commands.bench.load import Load
from commands.bench.shop import shop_for
from commands.bench.speed import Speed
from commands.keys import create_key
from commands.seed import stock_shop
from embedded.stack import Stack
from models.database import Sessions, open_database, sessions

STORE_ORDERS = 20
SILENT_SECONDS = 36_000.0
"""Partners accept work and report nothing, since only the order of audits is compared."""
LOOK_EVERY_SECONDS = 0.1
STALLED_AFTER_SECONDS = 120

AUDITED = text("""
    SELECT count(*) FILTER (WHERE channel = 'store') AS store, count(*) AS all_of_them
    FROM orders WHERE status <> 'received'
""")

Progress = Callable[[str, int], None]
"""Called with `fair` or `fifo`, and the number of audited orders of both channels."""


@dataclass(frozen=True)
class DrainFigures:
    """Seconds from placing the store's orders until the last was audited; `ratio` is fair divided by fifo."""

    fair_s: float
    fifo_s: float
    ratio: float


class Stalled(RuntimeError):
    """No order was audited for two minutes."""


def measure_drain(orders: int, progress: Progress, speed: Speed) -> DrainFigures:
    """Send a burst of `orders` with a store's twenty in its middle: first with channels in turn, then oldest first."""
    fair = _seconds(orders, True, lambda done: progress("fair", done))
    speed.look()
    fifo = _seconds(orders, False, lambda done: progress("fifo", done))
    return DrainFigures(round(fair, 2), round(fifo, 2), round(fair / fifo, 3))


def _seconds(orders: int, fair: bool, progress: Callable[[int], None]) -> float:
    settings = {"BATON_RELAY_FAIR": str(fair), "BATON_RATE_LIMIT": "1e6", "BATON_RATE_BURST": "1e6"}
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        stack = Stack(directory, free_ports(), step_seconds=SILENT_SECONDS, pages=False, extra_env=settings)
        closing.enter_context(stack)
        engine = open_database(stack.env["BATON_DATABASE_URL"], connections=1)
        closing.callback(engine.dispose)
        record = sessions(engine)
        with record.begin() as session:
            stock_shop(session, shop_for(2 * orders))
        key = create_key(record, "bench", "staff")
        send(_load(stack, key, "marketplace", "EARLY", orders // 2))
        began = time.perf_counter()
        send(_load(stack, key, "store", "STORE", STORE_ORDERS))
        send(_load(stack, key, "marketplace", "LATE", orders - orders // 2))
        return _until_audited(record, progress) - began


def _load(stack: Stack, key: str, channel: str, name: str, orders: int) -> Load:
    return Load(stack.api_url, key, channel, name, orders, seconds=600, connections=16)


def _until_audited(record: Sessions, progress: Callable[[int], None]) -> float:
    """Wait until the last order of the store is audited, and return the time of the clock."""
    last, moved_at = 0, time.perf_counter()
    while True:
        with record() as session:
            audited = session.execute(AUDITED).one()
        now = time.perf_counter()
        if audited.all_of_them > last:
            last, moved_at = audited.all_of_them, now
            progress(last)
        if audited.store >= STORE_ORDERS:
            return now
        if now - moved_at > STALLED_AFTER_SECONDS:
            raise Stalled(f"{audited.store} of {STORE_ORDERS} orders of the store are audited, and nothing moves")
        time.sleep(LOOK_EVERY_SECONDS)
