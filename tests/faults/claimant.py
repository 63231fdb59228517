"""A process that claims stock as a worker does.

For each list of order ids on its pipe it claims in sixteen threads, retries each claim until it has an answer, as
Temporal would, and sends back the units by order.
"""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

from sqlalchemy.exc import SQLAlchemyError

from activities.reserve import Reserve, StockRequest
from models.database import open_database, sessions
from tests.factories import fresh_outlooks

THREADS = 16
# A process of its own from the start, but all of Baton is imported only once for all of them.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class Claimant:
    """The process and our end of its pipe."""

    def __init__(self, database_url: str) -> None:
        self._pipe, theirs = FORKS.Pipe()
        self._process = FORKS.Process(target=claim_all, args=[database_url, theirs], daemon=True)
        self._process.start()

    def ask(self, orders: Sequence[str]) -> None:
        self._pipe.send(orders)

    def answers(self) -> dict[str, int]:
        return dict(self._pipe.recv())

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def claim_all(database_url: str, pipe: Connection) -> None:
    reserve = Reserve(sessions(open_database(database_url, connections=THREADS)), fresh_outlooks())
    with ThreadPoolExecutor(THREADS) as threads:
        while True:
            orders = pipe.recv()
            units = threads.map(lambda order_id: claim(reserve, order_id), orders)
            pipe.send(dict(zip(orders, units, strict=True)))


def claim(reserve: Reserve, order_id: str) -> int:
    while True:
        try:
            return reserve.reserve_stock(StockRequest(order_id, 1)).units
        except SQLAlchemyError:
            time.sleep(0.05)
