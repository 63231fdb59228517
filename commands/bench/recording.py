"""Runs a module and records its statements: `python -m commands.bench.recording DIRECTORY MODULE ARGUMENTS`."""

import json
import os
import runpy
import sys
from pathlib import Path

from commands.bench.statements import Explained, explaining


def main() -> None:
    directory, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]

    def record(most: Explained) -> None:
        # Write at once, since these processes are ended by a signal.
        with (Path(directory) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps([most.statement, most.blocks]) + "\n")

    with explaining(record):
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def read(directory: Path) -> dict[str, Explained]:
    """Return the most that each statement read in any of the processes."""
    found: dict[str, Explained] = {}
    for file in directory.glob("*.jsonl"):
        for line in file.read_text().splitlines():
            statement, blocks = json.loads(line)
            if statement not in found or found[statement].blocks < blocks:
                found[statement] = Explained(statement, blocks)
    return found


if __name__ == "__main__":
    main()
