"""Keeps the outlook of promises at most a second old, without a request ever waiting for it.

A thread reads it again twice a second while promises are asked for. The first request after a pause reads it itself.
"""

import threading
import time

import structlog

from models.database import Sessions, autocommit
from record.sourcing.outlooks import OutlookCache

log = structlog.get_logger()

AGE_SECONDS = 1.0
EVERY_SECONDS = 0.5
REST_AFTER_SECONDS = 10.0
"""Without a request for so long nothing is read any more."""


class OutlookReader:
    """Call `used` at each request; `stop` ends the thread."""

    def __init__(self, sessions: Sessions, outlooks: OutlookCache) -> None:
        self._sessions, self._outlooks = sessions, outlooks
        self._used_at = 0.0
        self._ended = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()

    def used(self) -> None:
        self._used_at = time.monotonic()
        self._awake.set()
        if self._thread is None:
            with self._guard:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="promises", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._ended.is_set():
            if time.monotonic() - self._used_at > REST_AFTER_SECONDS:
                self._awake.clear()
                self._awake.wait()
                continue
            if self._ended.wait(EVERY_SECONDS):
                return
            try:
                with autocommit(self._sessions) as session:
                    self._outlooks.refresh(session)
            except Exception as error:
                # The next request reads it itself, and says so if it cannot.
                log.warning("promises_not_refreshed", error=type(error).__name__)
