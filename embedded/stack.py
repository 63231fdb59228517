"""All of Baton on one machine, started in the order in which the parts need each other."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.accounts import close_to_others
from embedded.environment import (
    Ports,
    choose_ports,
    environment,
    one_more_port,
    read_environment,
    write_environment,
)
from embedded.lock import DirectoryLock, PortClaims
from embedded.postgres import EmbeddedPostgres
from embedded.processes import end_leftovers
from embedded.services import Service
from embedded.supervisor import Part
from embedded.temporal_server import EmbeddedTemporal
from embedded.trace_key import keep_trace_key, public_half
from settings import Settings

Say = Callable[[str, str], None]
"""Called with the name and the address of each part as it becomes ready."""

READY_TIMEOUT_SECONDS = 90
MIGRATION_TIMEOUT_SECONDS = 86_400
"""A migration may read tables of millions of rows, and one that is interrupted begins again."""


class Stack:
    """PostgreSQL, Temporal, the migrations, the simulators, the API, the console and the workers, all on 127.0.0.1.

    As a context manager it is up inside the block and down after it. A part that does not start raises ServiceError or
    PostgresError with the end of its log, after the others were ended. The data stays. Only one Stack may use a data
    directory (AlreadyRunning). Without `pages` there is no console. Start it from the main thread, see Service.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Ports | None = None,
        *,
        step_seconds: float = 0.5,
        worker_processes: int = 1,
        pages: bool = True,
        extra_env: Mapping[str, str] | None = None,
        say: Say | None = None,
    ) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.env_file = self.data_dir / "env"
        self.env: dict[str, str] = {}
        self.services: list[Service] = []
        """Our child processes in the order of starting: temporal, simulators, api, console, worker, worker-2 ..."""
        self.postgres = EmbeddedPostgres(self.data_dir)
        self._requested = ports or Ports()
        self._step_seconds = step_seconds
        self._worker_processes = worker_processes
        self._pages = pages
        self._extra_env = dict(extra_env or {})
        self._trace_key = ""
        self._say: Say = say or (lambda service, address: None)
        self._lock = DirectoryLock(self.data_dir)
        self._claims = PortClaims()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.env['BATON_API_PORT']}"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.env['BATON_CONSOLE_PORT']}"

    @property
    def simulators_url(self) -> str:
        return self.env["BATON_WMS__URL"].removesuffix("/wms")

    @property
    def temporal_address(self) -> str:
        return self.env["BATON_TEMPORAL_ADDRESS"]

    @property
    def temporal_ui_url(self) -> str:
        return self.env["BATON_TEMPORAL_UI_URL"]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything. After an error call `stop`."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        close_to_others(self.data_dir)
        self._lock.acquire()
        before = read_environment(self.env_file)
        end_leftovers(self.data_dir / "run")
        ports = choose_ports(self._requested, before, self._claims.take)

        # PostgreSQL starts while Temporal does, which takes a second.
        temporal = EmbeddedTemporal(self.data_dir, ports["temporal"], ports["ui"])
        self.services.append(temporal.service)
        temporal.start()
        self.postgres.start()
        self._say("postgres", self.postgres.url)
        values = environment(self.data_dir, self.postgres.url, ports, self._step_seconds, before)
        self._trace_key = keep_trace_key(self.data_dir / "trace.key", before.get("BATON_TRACE_KEY"))
        self.env = values | {"BATON_TRACE_PUBLIC_KEY": public_half(self._trace_key)} | self._extra_env
        write_environment(self.env_file, self.env)
        temporal.wait_ready(READY_TIMEOUT_SECONDS)
        temporal.keep_histories(Settings(_env_file=self.env_file).retention)
        self._say("temporal", temporal.service.address)
        self._migrate()
        self._start_services()

    def stop(self) -> None:
        """End everything, last started first. Safe to repeat, and after a start that failed."""
        # Ask all at once, since each may take half a minute. Temporal, the first, must outlive those that call it.
        for service in self.services[1:]:
            service.ask_to_end()
        while self.services:
            self.services[-1].stop()
            self.services.pop()
        self._claims.release()
        if self._lock.held:
            self.postgres.stop()
            self._lock.release()

    def service(self, name: str) -> Service:
        """Return the service of that name, to watch, kill or restart it."""
        return next(service for service in self.services if service.name == name)

    @property
    def parts(self) -> list[Part]:
        """Everything that a supervisor must keep running."""
        return [self.postgres, *self.services]

    def _migrate(self) -> None:
        migrate = Service("migrate", [sys.executable, "-m", "cli", "migrate"], data_dir=self.data_dir, env=self.env)
        migrate.start()
        migrate.wait_done(MIGRATION_TIMEOUT_SECONDS)

    def _start_services(self) -> None:
        pages = [self._console()] if self._pages else []
        started = [self._simulators(), self._api(), *pages, *self._workers()]
        for service in started:
            self.services.append(service)
            service.start()
        for service in started:
            service.wait_ready(READY_TIMEOUT_SECONDS)
            self._say(service.name, service.address)

    def _simulators(self) -> Service:
        command = [sys.executable, "-m", "uvicorn", "simulators.app:create_app", "--factory", "--host", "127.0.0.1"]
        command += ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "5"]
        return self._web("simulators", command, self.simulators_url, "/healthz")

    def _api(self) -> Service:
        command = [sys.executable, "-m", "api.serve", "--host", "127.0.0.1"]
        return self._web("api", command, self.api_url, "/readyz")

    def _console(self) -> Service:
        command = [sys.executable, "-m", "console.serve", "--host", "127.0.0.1"]
        return self._web("console", command, self.console_url, "/readyz")

    def _web(self, name: str, command: list[str], url: str, health: str) -> Service:
        command = [*command, "--port", url.rsplit(":", 1)[1]]
        return Service(
            name,
            command,
            data_dir=self.data_dir,
            env=self.env,
            address=url,
            health_url=url + health,
            alive_url=f"{url}/healthz",
        )

    def _workers(self) -> list[Service]:
        """Each worker is a service of its own, so that one that ends takes no other with it."""
        ports = [int(self.env["BATON_WORKER_PORT"])]
        ports += [one_more_port(self._claims.take) for _ in range(1, self._worker_processes)]
        return [self._worker(number, port) for number, port in enumerate(ports, 1)]

    def _worker(self, number: int, port: int) -> Service:
        health = f"http://127.0.0.1:{port}/healthz"
        return Service(
            "worker" if number == 1 else f"worker-{number}",
            [sys.executable, "-m", "worker"],
            data_dir=self.data_dir,
            # Only the workers sign, so only they get the key.
            env=self.env | {"BATON_WORKER_PORT": str(port), "BATON_TRACE_KEY": self._trace_key},
            address=health,
            health_url=health,
            alive_url=health,
        )
