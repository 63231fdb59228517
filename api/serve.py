"""The API as processes that share a port: `python -m api.serve --port 8080 --processes 2`.

Each process has a socket of its own, and the kernel spreads the connections. With one socket for all, nearly every
connection that is kept open goes to the process that accepts first, and the others idle.
"""

import argparse
import socket
import sys

import uvicorn

from api.wire import HeadLimitProtocol
from embedded.ending import end_process
from embedded.garbage import collect_rarely
from embedded.together import port_environments, run_together
from settings import Settings


def serve(host: str, port: int, grace: int) -> None:
    """Serve until SIGTERM or SIGINT; answers under way have `grace` seconds to finish."""
    config = uvicorn.Config(
        "api.app:create_app",
        factory=True,
        http=HeadLimitProtocol,
        access_log=False,
        log_level="warning",
        # Otherwise a client that keeps its connection open would keep the process from ending.
        timeout_graceful_shutdown=grace,
    )
    uvicorn.Server(config).run(sockets=[listen(host, port)])


def listen(host: str, port: int) -> socket.socket:
    """Open a socket on a port that other processes of the API may listen on too."""
    [(family, *_, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(address)
    return listening


def main() -> None:
    collect_rarely()
    settings = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=settings.api_host)
    parser.add_argument("--port", type=int, default=settings.api_port)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--grace", type=int, default=5)
    wanted = parser.parse_args()
    if wanted.processes > 1:
        ports = port_environments({"BATON_API_METRICS_PORT": settings.api_metrics_port}, wanted.processes)
        command = [sys.executable, "-m", "api.serve", "--host", wanted.host, "--port", str(wanted.port)]
        end_process(run_together([*command, "--grace", str(wanted.grace)], ports))
    serve(wanted.host, wanted.port, wanted.grace)
    end_process(0)


if __name__ == "__main__":
    main()
