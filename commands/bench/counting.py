"""Runs a module and counts what it asks of others: `python -m commands.bench.counting DIRECTORY MODULE ARGUMENTS`.

Each process has a file in the directory that holds its counts, and that others may read at any time.
"""

import mmap
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import httpcore2
from sqlalchemy import Engine, event

COUNTED = ("sql_statements", "transactions", "read_transactions", "http_calls")
"""Transactions are committed, read transactions are rolled back; HTTP calls are those that the process makes."""
BYTES = 8


def main() -> None:
    directory, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    count_into(Path(directory) / f"{os.getpid()}.counts")
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def count_into(file: Path) -> None:
    """Count from now on what this process does."""
    file.write_bytes(bytes(BYTES * len(COUNTED)))
    with file.open("r+b") as opened:
        counts = memoryview(mmap.mmap(opened.fileno(), 0)).cast("q")
    guard = Lock()

    def counter(name: str) -> Callable[..., None]:
        place = COUNTED.index(name)

        def count(*arguments: Any) -> None:
            with guard:
                counts[place] += 1

        return count

    event.listen(Engine, "before_cursor_execute", counter("sql_statements"))
    event.listen(Engine, "commit", counter("transactions"))
    event.listen(Engine, "rollback", counter("read_transactions"))
    # The lower half of httpx2, which also carries calls that bypass its client.
    _call_first(httpcore2.ConnectionPool, "handle_request", counter("http_calls"))
    _call_first(httpcore2.AsyncConnectionPool, "handle_async_request", counter("http_calls"))


def read_counts(directory: Path) -> dict[str, int]:
    """The counts of all processes so far, together."""
    numbers = [memoryview(file.read_bytes()).cast("q").tolist() for file in directory.glob("*.counts")]
    return dict(zip(COUNTED, map(sum, zip(*numbers, strict=True)), strict=True))


def _call_first(owner: type, method: str, first: Callable[[], None]) -> None:
    original = getattr(owner, method)

    def called(*arguments: Any, **named: Any) -> Any:
        first()
        return original(*arguments, **named)

    setattr(owner, method, called)


if __name__ == "__main__":
    main()
