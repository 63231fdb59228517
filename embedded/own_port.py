"""A port for machines beside the public one: `/healthz` and `/metrics`, answered by threads of its own."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

from embedded.watch import Watch

log = structlog.get_logger()

AT_A_TIME = 8
"""Who comes while so many are answered is turned away."""
REQUEST_SECONDS = 5.0


class OwnPort:
    """Open inside the block: the figures of `registry`, and what `watch` says. None for the port opens nothing.

    A port that is in use raises OSError, whose text names the setting.
    """

    def __init__(
        self, setting: str, host: str, port: int | None, watch: Watch, registry: CollectorRegistry | None = None
    ) -> None:
        self._address = (host, port)
        self._setting = setting
        self._watch = watch
        self._registry = registry or CollectorRegistry()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        host, port = self._address
        if port is None:
            return self
        self._registry.register(self._watch)
        ProcessCollector(registry=self._registry)
        try:
            self._server = _Server((host, port), self._registry, self._watch.health)
        except OSError as problem:
            raise OSError(f"{self._setting}: {host}:{port} cannot be opened: {problem.strerror}") from problem
        threading.Thread(target=self._server.serve_forever, name="own-port", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is; of port 0 the one that the system chose."""
        if self._server is None:
            raise RuntimeError("the port is not open")
        return f"http://{self._address[0]}:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Who has the port now is not to be joined unseen.
    allow_reuse_port = False

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        health: Callable[[], tuple[bool, Mapping[str, Any]]],
    ) -> None:
        self.registry = registry
        self.health = health
        self._places = threading.BoundedSemaphore(AT_A_TIME)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        # Who hangs up is no news.
        if not isinstance(error, OSError):
            log.error("own_port_failed", error=type(error).__name__)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_SECONDS
    server_version, sys_version = "Baton", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            well, told = self.server.health()
            self._answer(200 if well else 503, "application/json", json.dumps(told).encode())
        elif path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
        else:
            self._answer(404, "application/json", b'{"status": "not found"}')

    def log_message(self, format: str, *arguments: Any) -> None:
        """Whoever asks every few seconds need not be in a log."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
