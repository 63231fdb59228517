"""PostgreSQL 18 from a Python wheel, for one machine: no root, no Docker, nothing to install."""

import contextlib
import shutil
import socket
import struct
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from embedded.accounts import Account
from embedded.postgres_programs import PROGRAMS, VERSION, PostgresError, run_program
from embedded.socket_directory import find_socket_directory

SETTINGS = Path(__file__).with_name("postgresql.conf")
PORT = 5432
"""Only a part of the socket's name. Always given, since a PGPORT in the environment would change it."""
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""A request that the server answers with one letter before anybody logs in."""
START_TIMEOUT_SECONDS = 300
"""Recovery after a power cut replays the write-ahead log, which may take minutes."""


class EmbeddedPostgres:
    """One PostgreSQL server with its files in `data_dir/postgres`, reached by a unix socket only its owner may use.

    The server outlives this object and even a `kill -9` of this process: `start` takes over one that still runs,
    and one that was killed replays its log, so that nothing committed is lost. Only `stop` ends it.
    """

    def __init__(self, data_dir: Path, database: str = "baton") -> None:
        self.directory = data_dir.resolve() / "postgres"
        self.name = "postgres"
        self.database = database
        self.log = self.directory / "log"
        self._pid_file = self.directory / "postmaster.pid"
        self._account = Account()
        self._socket_dir: Path | None = None

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database. Known once `start` has returned."""
        return self._url(self.database)

    @property
    def running(self) -> bool:
        """True if a server runs on our files, whoever started it."""
        try:
            process = psutil.Process(int(self._pid_file.read_text().split()[0]))
        except (OSError, ValueError, IndexError, psutil.Error):
            return False
        return self._is_ours(process)

    @property
    def ending(self) -> str:
        return "ended"

    def start(self) -> None:
        """Return when the server answers and the database exists; safe to call while it runs."""
        self._prepare_directory()
        self._socket_dir = self._own_socket_dir()
        self._write_settings()
        if not self.running:
            self._clean_up_after_crash()
            self._start_server()
        self._wait_until_ready()
        self.ensure_database(self.database)

    def ensure_database(self, name: str) -> str:
        """Create the database if it is missing, and return its SQLAlchemy URL."""
        connection = self._connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
        return self._url(name)

    def is_ready(self) -> bool:
        """True if the server accepts a connection now."""
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def is_alive(self) -> bool:
        """True if the server reacts at all, even while it recovers or has no connection left."""
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(10)
                asking.connect(f"{self._host}/.s.PGSQL.{PORT}")
                asking.sendall(SSL_REQUEST)
                return bool(asking.recv(1))
        except OSError:
            return False

    def kill(self) -> None:
        """End the server at once, as a power cut would. Safe to repeat."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(processes, timeout=10)

    def data_problem(self) -> str | None:
        """Return why no server can work with these files, or None."""
        version = self.directory / "PG_VERSION"
        try:
            if (made_by := version.read_text().strip()) != str(VERSION):
                return f"{self.directory} was made by PostgreSQL {made_by}; this is {VERSION}"
        except OSError as problem:
            return f"{version}: {problem.strerror}"
        try:
            self._run("pg_controldata", "-D", str(self.directory))
        except PostgresError as problem:
            return str(problem).strip()
        return None

    def stop(self) -> None:
        """End the server, also while clients are connected. Does nothing if it does not run."""
        if self.running:
            self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.directory))

    def _prepare_directory(self) -> None:
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self._account.open_path_to(self.directory)
        self._account.open_path_to(PROGRAMS)
        version = self.directory / "PG_VERSION"
        if not version.exists():
            self._create_cluster()
        if (made_by := version.read_text().strip()) != str(VERSION):
            raise PostgresError(f"{self.directory} was made by PostgreSQL {made_by}; this is {VERSION}: use pg_upgrade")

    def _create_cluster(self) -> None:
        """Create the cluster aside and rename it when complete, so that an interruption leaves nothing half made."""
        draft = self.directory.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        self._account.own(draft)
        # The built-in locale sorts alike on every machine and does not depend on what is installed.
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        self._run("initdb", "--auth=trust", "--username=postgres", *locale, "-D", str(draft))
        draft.rename(self.directory)

    def _own_socket_dir(self) -> Path:
        """The data directory, or a folder in /tmp if its path is too long for a socket."""
        directory = find_socket_directory(self.directory, PORT)
        self._account.own(directory)
        return directory

    def _write_settings(self) -> None:
        socket_dir = str(self._socket_dir).replace("'", "''")
        (self.directory / "baton.conf").write_text(
            f"{SETTINGS.read_text()}port = {PORT}\nunix_socket_directories = '{socket_dir}'\n"
        )
        main = self.directory / "postgresql.conf"
        if "include 'baton.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'baton.conf'\n")

    def _clean_up_after_crash(self) -> None:
        """Let a killed server's last processes end, and remove its pid file, whose number may be anybody's by now."""
        _, alive = psutil.wait_procs(self._processes(), timeout=10)
        for process in alive:
            process.kill()
        for stale in (self._pid_file, *Path(self._host).glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _start_server(self) -> None:
        wait = ("-w", "-t", str(START_TIMEOUT_SECONDS))
        try:
            self._run("pg_ctl", "start", *wait, "-l", str(self.log), "-D", str(self.directory))
        except PostgresError as problem:
            log = self.log.read_text(errors="replace") if self.log.exists() else ""
            raise PostgresError(f"{problem}The end of {self.log}:\n{log[-2000:]}") from None

    def _processes(self) -> list[psutil.Process]:
        """The processes of a server on our files; a PostgreSQL process always works in its data directory."""
        found = []
        for process in psutil.process_iter():
            if self._is_ours(process):
                found.append(process)
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.name().startswith("postgres") and Path(process.cwd()) == self.directory
        except psutil.Error:
            return False

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                return self._connect().close()
            except psycopg2.OperationalError as problem:
                if time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL in {self.directory} does not answer: {problem}") from problem
            time.sleep(0.1)

    def _connect(self) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host=self._host, port=PORT, user="postgres", dbname="postgres", connect_timeout=10
        )
        connection.autocommit = True
        return connection

    def _url(self, database: str) -> str:
        # Slashes are not escaped: a percent sign in the URL would break Alembic's configuration.
        return f"postgresql+psycopg2://postgres@/{quote(database)}?host={quote(self._host)}&port={PORT}"

    @property
    def _host(self) -> str:
        if self._socket_dir is None:
            raise PostgresError("start PostgreSQL first: its address is known once it runs")
        return str(self._socket_dir)

    def _run(self, program: str, *arguments: str) -> None:
        run_program(program, *arguments, cwd=self.directory.parent, popen_arguments=self._account.popen_arguments)
