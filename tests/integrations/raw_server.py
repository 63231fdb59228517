"""A server that sends raw bytes over a socket, so that it can break the rules of HTTP."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from gzip import compress
from typing import Any

Send = Callable[[socket.socket], None]
TRICKLE_SECONDS = 0.05


def http(status: int, body: bytes, **headers: str) -> bytes:
    """A whole HTTP answer; `_` in the names of headers stands for `-`."""
    fields = {"Content-Length": str(len(body)), "Content-Type": "application/json", "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


def sending(answer: bytes) -> Send:
    return lambda connection: connection.sendall(answer)


def trickling(at_once: bytes, rest: bytes) -> Send:
    """Send `rest` byte by byte, each well within the time limit of a read."""

    def send(connection: socket.socket) -> None:
        connection.sendall(at_once)
        for byte in rest:
            time.sleep(TRICKLE_SECONDS)
            connection.sendall(bytes([byte]))

    return send


def each_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    """The body with `change` applied to every text and number."""
    if isinstance(value, dict):
        return {name: each_leaf(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [each_leaf(inner, change) for inner in value]
    return change(value)


@dataclass
class RawServer:
    """Sends the same answer to every call until `answers` sets another."""

    url: str
    send: Send

    def answers(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send = sending(http(status, content, **headers))


@contextmanager
def raw_server() -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = RawServer(f"http://127.0.0.1:{listening.getsockname()[1]}", sending(b""))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(5)
                _read_request(connection)
                server.send(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield server
        # Only this wakes a thread that waits in accept().
        listening.shutdown(socket.SHUT_RDWR)


def zipped(body: bytes) -> bytes:
    return compress(body)


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    _, announced, length = head.lower().partition(b"content-length:")
    while announced and len(body) < int(length.partition(b"\r\n")[0]):
        body += connection.recv(65_536)
