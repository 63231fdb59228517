"""Settings of the simulators, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import environ
from pathlib import Path

SECRETS = Path("/run/secrets")
PARTNERS = ("wms", "tms", "payments", "erp", "crm", "inbox", "channel")


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The URL for webhooks, the duration of one step of a partner, and each partner's secret shared with Baton."""

    callback_url: str
    step_seconds: float
    secrets: Mapping[str, str]

    @classmethod
    def from_environment(cls) -> "SimulatorSettings":
        """Read SIMULATORS_*; secrets may also be files of that name. Raises KeyError naming what is missing."""
        return cls(
            callback_url=environ["SIMULATORS_CALLBACK_URL"],
            step_seconds=float(environ.get("SIMULATORS_STEP_SECONDS", "1")),
            secrets={partner: _secret(f"SIMULATORS_{partner.upper()}_SECRET") for partner in PARTNERS},
        )


def _secret(name: str) -> str:
    file = SECRETS / name
    return file.read_text().strip() if file.is_file() else environ[name]
