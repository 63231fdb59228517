"""A load generator in a process of its own, which works as little as possible: bare sockets and prepared requests."""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPException
from itertools import count, islice
from urllib.parse import urlsplit

import uvloop

from commands.bench.shop import order_body

NUMBER = "%08d"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Load:
    """What to send: orders of a channel, until `orders` are sent or `seconds` are over.

    With a `batch` above one, each request sends that many to /orders:batch as a JSON array.
    """

    url: str
    key: str
    channel: str
    name: str
    orders: int
    seconds: float
    connections: int = 64
    batch: int = 1


@dataclass(frozen=True)
class Fired:
    """The result: orders sent, seconds taken, and the time to answer a request in milliseconds."""

    orders: int
    seconds: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Send the load that the first argument describes in JSON, and print the result in JSON."""
    fired = uvloop.run(fire(Load(**json.loads(sys.argv[1]))))
    print(json.dumps(asdict(fired)))


async def fire(load: Load) -> Fired:
    """Send the load: a connection sends its next request once the last is answered. An answer other than 2xx raises."""
    requests, times = _requests(load), array("d")
    began = time.perf_counter()
    stop = began + load.seconds
    sent = await asyncio.gather(*(_connection(load, requests, times, stop) for _ in range(load.connections)))
    seconds = time.perf_counter() - began
    ordered = sorted(times)
    return Fired(sum(sent) * load.batch, round(seconds, 3), _percentile(ordered, 50), _percentile(ordered, 99))


def _requests(load: Load) -> Iterator[bytes]:
    """Yield the requests, each with new orders. Only their numbers are filled in, which have the same length."""
    host = urlsplit(load.url).netloc
    body = order_body(f"{load.name}-NUMBER", 0) | {"channel": load.channel, "customer": {"customer_id": "C-NUMBER"}}
    order = json.dumps(body).replace("%", "%%").replace("NUMBER", NUMBER)
    places = order.count(NUMBER)
    path = "/orders" if load.batch == 1 else "/orders:batch"
    for first in islice(count(step=load.batch), load.orders // load.batch):
        orders = [order % ((number,) * places) for number in range(first, first + load.batch)]
        content = (orders[0] if load.batch == 1 else f"[{','.join(orders)}]").encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {load.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        yield head.encode() + content


async def _connection(load: Load, requests: Iterator[bytes], times: "array[float]", stop: float) -> int:
    parts = urlsplit(load.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**24)
    sent = 0
    for request in requests:
        began = time.perf_counter()
        if began > stop:
            break
        writer.write(request)
        await asyncio.wait_for(_answer(reader), TIMEOUT_SECONDS)
        times.append(time.perf_counter() - began)
        sent += 1
    writer.close()
    return sent


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 2"):
        raise HTTPException(f"{head[:15].decode()}: {body[:300].decode()}")


def _percentile(ordered: list[float], part: int) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * part // 100)], 1) if ordered else 0.0


if __name__ == "__main__":
    main()
