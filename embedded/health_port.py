"""The port of a process for machines, `/healthz` and `/metrics`, served by threads of its own."""

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

MAX_REQUESTS = 8
"""Requests answered at a time; further ones are closed unanswered."""
REQUEST_SECONDS = 5.0


class HealthPort:
    """Serve the metrics of `registry` and the health of `watch` inside the block. Port None opens nothing.

    Raises OSError, whose text names the setting, if the port is in use.
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
        threading.Thread(target=self._server.serve_forever, name="health-port", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The address, with the port that the system chose for port 0. RuntimeError while it is not open."""
        if self._server is None:
            raise RuntimeError("the port is not open")
        return f"http://{self._address[0]}:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Never share a port that another process already has.
    allow_reuse_port = False

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        health: Callable[[], tuple[bool, Mapping[str, Any]]],
    ) -> None:
        self.registry = registry
        self.health = health
        self._places = threading.BoundedSemaphore(MAX_REQUESTS)
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
        # A client that hangs up is not worth a line in the log.
        if not isinstance(error, OSError):
            log.error("health_port_failed", error=type(error).__name__)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_SECONDS
    server_version, sys_version = "Baton", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            healthy, report = self.server.health()
            self._answer(200 if healthy else 503, "application/json", json.dumps(report).encode())
        elif path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
        else:
            self._answer(404, "application/json", b'{"status": "not found"}')

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: health checks come every few seconds."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
