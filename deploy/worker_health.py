"""Exits with 0 if every worker process of this machine is healthy, else with 1: `worker_health.py --processes 2`."""

import argparse
import sys
import urllib.error
import urllib.request

from settings import Settings

TIMEOUT_SECONDS = 5


def health_problem(url: str) -> str:
    """Return what is wrong with the process at `url`, or an empty text."""
    try:
        urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as answer:
        return answer.read(1000).decode()
    except OSError as error:
        return str(error)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    settings = Settings()
    if not settings.worker_port:
        parser.error("BATON_WORKER_PORT says that workers are not to be asked")
    status = 0
    for place in range(parser.parse_args().processes):
        host = "127.0.0.1" if settings.metrics_host == "0.0.0.0" else settings.metrics_host
        url = f"http://{host}:{settings.worker_port + place}/healthz"
        if problem := health_problem(url):
            print(f"{url}: {problem}", file=sys.stderr)  # noqa: T201  Docker keeps it with the health of the container.
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
