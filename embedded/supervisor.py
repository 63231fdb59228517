"""Starts again what died, for as long as that helps."""

import time
from collections.abc import Callable, Sequence

from embedded.services import Service, ServiceError

PATIENCE = 5
"""How often a service may die within FORGIVEN_AFTER before we give up."""
FORGIVEN_AFTER_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 16.0

Tell = Callable[[str], None]


class Supervisor:
    """Watches services that run and restarts each that ends, after a pause that doubles from one second."""

    def __init__(self, services: Sequence[Service], tell: Tell, first_pause_seconds: float = 1.0) -> None:
        self._services = services
        self._tell = tell
        self._first_pause = first_pause_seconds
        self._deaths: dict[str, list[float]] = {}

    def look(self) -> None:
        """Restart what has ended. A service that keeps ending raises ServiceError with the end of its log."""
        for service in self._services:
            if not service.running:
                self._restart(service)

    def _restart(self, service: Service) -> None:
        now = time.monotonic()
        deaths = [death for death in self._deaths.get(service.name, []) if now - death < FORGIVEN_AFTER_SECONDS]
        self._deaths[service.name] = [*deaths, now]
        if len(deaths) >= PATIENCE:
            raise ServiceError(f"{service.name} ended {len(deaths) + 1} times in a short while{service.tail()}")
        pause = min(self._first_pause * 2 ** len(deaths), LONGEST_PAUSE_SECONDS)
        self._tell(f"{service.name} ended with status {service.status}; it starts again in {pause:g} s")
        time.sleep(pause)
        service.start()
        try:
            service.wait_ready()
        except ServiceError as problem:
            # It counts as one more death: the next look tries again or gives up.
            service.kill()
            self._tell(str(problem))
        else:
            self._tell(f"{service.name} is back")
