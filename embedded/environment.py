"""The environment of a data directory's services: ports, addresses and secrets, kept in `<data_dir>/env`."""

import base64
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from domain.statement_books import BOOKS

PARTNERS = ("wms", "tms", "payments", "erp", "crm", "inbox", "channel")
DEFAULT_PORTS = {
    "api": 8080,
    "temporal": 7233,
    "ui": 8233,
    "simulators": 8090,
    "api_metrics": 8081,
    "worker": 8071,
    "console": 8088,
}
PORT_OF = {
    "api": "BATON_API_PORT",
    "temporal": "BATON_TEMPORAL_ADDRESS",
    "ui": "BATON_TEMPORAL_UI_URL",
    "simulators": "BATON_WMS__URL",
    "api_metrics": "BATON_API_METRICS_PORT",
    "worker": "BATON_WORKER_PORT",
    "console": "BATON_CONSOLE_PORT",
}
"""The setting that names a service's port: it ends with the port, or with the port and a path."""


class PortTaken(RuntimeError):
    """A requested port is in use."""


@dataclass(frozen=True)
class Ports:
    """Requested TCP ports on 127.0.0.1; None where any free one will do."""

    api: int | None = None
    temporal: int | None = None
    ui: int | None = None
    simulators: int | None = None
    api_metrics: int | None = None
    worker: int | None = None
    console: int | None = None


def choose_ports(
    requested: Ports, before: Mapping[str, str], claim: Callable[[int], bool] = lambda port: True
) -> dict[str, int]:
    """Choose a port for each service: the requested one, else that of the last run, the default, or any free one.

    Raise PortTaken if a requested port is in use. `claim` returns False for a port that another Baton has chosen.
    """
    chosen: dict[str, int] = {}
    for name, default in DEFAULT_PORTS.items():
        wanted: int | None = getattr(requested, name)
        if wanted is not None and not (_is_free(wanted) and claim(wanted)):
            raise PortTaken(f"port {wanted} for {name} is in use: choose another one, or none to take any that is free")
        port = wanted or _port_before(before.get(PORT_OF[name], "")) or default
        while port in chosen.values() or not _is_free(port) or not claim(port):
            # A random port, not the next one: stacks that start at once would all choose the next.
            port = _any_free_port()
        chosen[name] = port
    return chosen


def one_more_port(claim: Callable[[int], bool]) -> int:
    """Claim and return any free port."""
    while not claim(port := _any_free_port()):
        pass
    return port


def _any_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(
    data_dir: Path, database_url: str, ports: Mapping[str, int], step_seconds: float, before: Mapping[str, str]
) -> dict[str, str]:
    """Return every setting that the services need; secrets come from `before`, missing ones are made."""
    values = {
        "BATON_DATA_DIR": str(data_dir),
        "BATON_DATABASE_URL": database_url,
        "BATON_TEMPORAL_ADDRESS": f"127.0.0.1:{ports['temporal']}",
        "BATON_TEMPORAL_UI_URL": f"http://127.0.0.1:{ports['ui']}",
        "BATON_API_HOST": "127.0.0.1",
        "BATON_API_PORT": str(ports["api"]),
        "BATON_API_METRICS_PORT": str(ports["api_metrics"]),
        "BATON_WORKER_PORT": str(ports["worker"]),
        "BATON_CONSOLE_PORT": str(ports["console"]),
        "BATON_PUBLIC_URL": f"http://127.0.0.1:{ports['console']}",
        "BATON_TRACE_ANCHOR_FILE": str(data_dir / "trace-anchors.jsonl"),
        "BATON_STATEMENTS__PARTNERS": json.dumps(list(BOOKS)),
        "SIMULATORS_CALLBACK_URL": f"http://127.0.0.1:{ports['api']}/webhooks",
        "SIMULATORS_STEP_SECONDS": f"{step_seconds:g}",
    }
    for name in ("BATON_IDENTITY_KEY", "BATON_SECRETS_KEY"):
        values[name] = before.get(name) or secrets.token_hex(32)
    for partner in PARTNERS:
        name = f"BATON_{partner.upper()}__SECRET"
        values[name] = before.get(name) or new_secret()
        values[f"BATON_{partner.upper()}__URL"] = f"http://127.0.0.1:{ports['simulators']}/{partner}"
        values[f"SIMULATORS_{partner.upper()}_SECRET"] = values[name]
    return values


def new_secret() -> str:
    """Make a secret in the form of Standard Webhooks: `whsec_` and the base64 of 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def read_environment(file: Path) -> dict[str, str]:
    """Return what an earlier run wrote; empty if there was none."""
    return {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}


def write_environment(file: Path, values: Mapping[str, str]) -> None:
    """Replace the file in one step, readable by its owner only, in the form that Settings reads."""
    lines = [f"{name}='{_escaped(value)}'\n" for name, value in sorted(values.items())]
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(lines)
    draft.replace(file)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _port_before(setting: str) -> int | None:
    found = re.search(r"(\d+)(/\w+)?$", setting)
    return int(found[1]) if found else None


def _is_free(port: int) -> bool:
    # Some systems let us bind 127.0.0.1 although another process listens on all addresses, so try to connect too.
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as server:
        # As the services do: a port whose last connection has just ended counts as free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
