"""The dated parameters, cached for a few seconds because they change rarely."""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.parameters import Dated, Parameters, read_parameters, valid_at
from models.parameters import ParameterRow

LIFETIME_SECONDS = 3.0
P = ParameterRow
_ROWS = select(P.parameter_id, P.name, P.valid_from, P.valid_to, P.value).order_by(P.parameter_id)


class ParameterCache:
    """All rows, read again after `lifetime` seconds. Threads may share it: all write the same."""

    def __init__(self, lifetime: float = LIFETIME_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime
        self._now = now
        self._fresh_until = 0.0
        self._rows: list[Dated] = []
        self._read: dict[tuple[int, ...], Parameters] = {}

    def at(self, session: Session, moment: datetime) -> Parameters:
        """Return the parameters valid at this moment. Raises NotAParameter for a row with an unknown name or value."""
        if self._now() >= self._fresh_until:
            rows = dated_rows(session)
            if rows != self._rows:
                self._rows, self._read = rows, {}
            self._fresh_until = self._now() + self._lifetime
        valid = valid_at(self._rows, moment)
        key = tuple(row.parameter_id for row in valid)
        if key not in self._read:
            self._read[key] = read_parameters(valid)
        return self._read[key]


def dated_rows(session: Session) -> list[Dated]:
    """All rows, in the form that domain/parameters.py reads."""
    return [Dated(*row) for row in session.execute(_ROWS)]
