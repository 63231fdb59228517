"""Ends a process that holds a Temporal client."""

import contextlib
import logging
import os
import sys
from typing import NoReturn


def end_process(status: int) -> NoReturn:
    """End this process at once with `status`, after flushing stdout, stderr and the logs.

    Threads of the Temporal SDK may still touch the interpreter while it shuts down and abort it
    (temporalio/sdk-python issue 300), so a run that went well would end with a core dump. No `atexit` function,
    `finally` block or destructor runs after this call: close and stop everything first.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # A closed pipe must not change the exit status.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
