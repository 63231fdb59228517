"""A process that claims stock as a worker does: `python -m tests.faults.claimant DATABASE_URL`.

Each line on its standard input is a JSON array of order ids. It claims for all of them in sixteen threads, retries each
until it has an answer, as Temporal would, and prints the units by order as one JSON object.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from activities.reserve import Reserve, StockRequest
from models.database import open_database, sessions
from tests.factories import fresh_outlooks

THREADS = 16


def claim(reserve: Reserve, order_id: str) -> int:
    while True:
        try:
            return reserve.reserve_stock(StockRequest(order_id, 1)).units
        except SQLAlchemyError:
            time.sleep(0.05)


def main() -> None:
    reserve = Reserve(sessions(open_database(sys.argv[1], connections=THREADS)), fresh_outlooks())
    with ThreadPoolExecutor(THREADS) as threads:
        for line in sys.stdin:
            orders = json.loads(line)
            units = threads.map(lambda order_id: claim(reserve, order_id), orders)
            sys.stdout.write(json.dumps(dict(zip(orders, units, strict=True))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
