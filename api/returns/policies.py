"""Reads the return windows in force."""

from collections.abc import Mapping
from datetime import UTC, datetime

from api.dependencies import Services
from domain.parameters import read_parameters, valid_at
from domain.returns.policy import windows_of
from domain.returns.terms import Window
from record.parameters import dated_rows


def windows_in_force(services: Services, channel: str) -> Mapping[str, Window]:
    """Return the windows of a channel by goods class; empty if returns end at no time."""
    with services.sessions() as session:
        parameters = read_parameters(valid_at(dated_rows(session), datetime.now(UTC)))
    return windows_of(parameters.return_windows, channel)
