"""The pages as a process of their own: `python -m console.serve --port 8088`.

Apart from the API, since making a page takes as long as accepting many orders, and strangers may reach only this port.
"""

import argparse

import uvicorn

from api.serve import listen
from api.wire import HeadLimitProtocol
from embedded.ending import end_process
from embedded.garbage import collect_rarely
from settings import Settings


def main() -> None:
    collect_rarely()
    # Imports the whole API.
    from console.app import create_app

    settings = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=settings.console_host)
    parser.add_argument("--port", type=int, default=settings.console_port)
    parser.add_argument("--grace", type=int, default=5)
    wanted = parser.parse_args()
    # The port of health and metrics is the API's.
    app = create_app(settings.model_copy(update={"api_metrics_port": 0}))
    config = uvicorn.Config(
        app,
        http=HeadLimitProtocol,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=wanted.grace,
    )
    uvicorn.Server(config).run(sockets=[listen(wanted.host, wanted.port)])
    end_process(0)


if __name__ == "__main__":
    main()
