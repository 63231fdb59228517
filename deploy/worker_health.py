"""Exits with 0 when every worker process of this machine says that it works: `worker_health.py --processes 2`."""

import argparse
import sys
import urllib.error
import urllib.request

from settings import Settings

PATIENCE_SECONDS = 5


def complaint(url: str) -> str:
    """What is wrong with the process there, or nothing."""
    try:
        urllib.request.urlopen(url, timeout=PATIENCE_SECONDS).close()
    except urllib.error.HTTPError as answer:
        return answer.read(1000).decode()
    except OSError as trouble:
        return str(trouble)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    settings = Settings()
    if not settings.worker_port:
        parser.error("BATON_WORKER_PORT says that workers are not to be asked")
    bad = 0
    for place in range(parser.parse_args().processes):
        host = "127.0.0.1" if settings.metrics_host == "0.0.0.0" else settings.metrics_host
        url = f"http://{host}:{settings.worker_port + place}/healthz"
        if trouble := complaint(url):
            print(f"{url}: {trouble}", file=sys.stderr)  # noqa: T201  The engine that asks keeps it.
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
