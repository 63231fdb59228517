"""A partner that says anything: raw bytes over a socket, so that it can also break the rules of HTTP."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from gzip import compress
from typing import Any

Say = Callable[[socket.socket], None]
TRICKLE_SECONDS = 0.05


def http(status: int, body: bytes, **headers: str) -> bytes:
    """A whole answer."""
    told = {"Content-Length": str(len(body)), "Content-Type": "application/json", "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def saying(answer: bytes) -> Say:
    return lambda there: there.sendall(answer)


def trickling(at_once: bytes, rest: bytes) -> Say:
    """A byte now and then, each well within the time limit of a read."""

    def say(there: socket.socket) -> None:
        there.sendall(at_once)
        for byte in rest:
            time.sleep(TRICKLE_SECONDS)
            there.sendall(bytes([byte]))

    return say


def each_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same body with each text and number changed."""
    if isinstance(value, dict):
        return {name: each_leaf(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [each_leaf(inner, change) for inner in value]
    return change(value)


@dataclass
class Liar:
    """Says the same to everybody until it is told otherwise."""

    url: str
    say: Say

    def says(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.say = saying(http(status, content, **headers))


@contextmanager
def lying() -> Iterator[Liar]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        liar = Liar(f"http://127.0.0.1:{listening.getsockname()[1]}", saying(b""))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    there, _ = listening.accept()
                    threading.Thread(target=answer, args=(there,), daemon=True).start()

        def answer(there: socket.socket) -> None:
            with there, suppress(OSError):
                there.settimeout(5)
                _read_request(there)
                liar.say(there)

        threading.Thread(target=serve, daemon=True).start()
        yield liar
        # A thread that accepts is woken by this alone.
        listening.shutdown(socket.SHUT_RDWR)


def zipped(body: bytes) -> bytes:
    return compress(body)


def _read_request(there: socket.socket) -> None:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += there.recv(65_536)
    head, _, body = heard.partition(b"\r\n\r\n")
    _, announced, length = head.lower().partition(b"content-length:")
    while announced and len(body) < int(length.partition(b"\r\n")[0]):
        body += there.recv(65_536)
