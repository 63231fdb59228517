"""The record of the bench of claims: one hot SKU, ten thousand others, and orders of one unit each."""

import gc
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from commands.bench.shop import order_body
from commands.seed import LOCATIONS, Shop, stock_shop
from embedded.garbage import collect_rarely
from embedded.postgres import EmbeddedPostgres
from integrations.channels import plain
from models.database import Sessions, open_database, sessions
from models.schema import migrate
from record.orders.rows import new_order
from record.orders.writer import OrderWriter

HOT = "HOT-LANTERN"
SPREAD = [f"SILK-LANTERN-{number:05}" for number in range(10_000)]
ENOUGH = 1_000_000
BATCH = 500


@contextmanager
def stocked_record(claimants: int) -> Iterator[Sessions]:
    """Run a PostgreSQL of its own (fsync on) with stock for all claims and connections for `claimants` threads."""
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        engine = open_database(postgres.url, connections=claimants + 1)
        closing.callback(engine.dispose)
        migrate(engine)
        record = sessions(engine)
        skus = [HOT, *SPREAD]
        here = str(LOCATIONS[0]["location_id"])
        with record.begin() as session:
            stock_shop(session, Shop({sku: sku for sku in skus}, LOCATIONS, {(sku, here): ENOUGH for sku in skus}))
        # As in the worker.
        collect_rarely()
        gc.freeze()
        yield record


def place(record: Sessions, kind: str, skus: Sequence[str], orders: int) -> Iterator[str]:
    """Write orders of one unit each, of the SKUs in turn, and return their ids."""
    writer, names = OrderWriter(record), list[str]()
    for first in range(0, orders, BATCH):
        bodies = [
            order_body(f"{kind}-{number:06}", number)
            | {"lines": [{"sku": skus[number % len(skus)], "quantity": 1, "unit_price": "45.00"}]}
            | {"totals": {"grand_total": "45.00"}}
            for number in range(first, min(first + BATCH, orders))
        ]
        new = [new_order(plain.translate(body).order, "bench") for body in bodies]
        writer(new)
        names += [order.order_id for order in new]
    return iter(names)
