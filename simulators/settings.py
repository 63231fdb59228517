"""What the simulators need to know, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import environ

PARTNERS = ("wms", "tms", "payments", "erp", "crm", "inbox", "channel")


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Where webhooks go, how long each step of a partner takes, and the secret shared with Baton for each partner."""

    callback_url: str
    step_seconds: float
    secrets: Mapping[str, str]

    @classmethod
    def from_environment(cls) -> "SimulatorSettings":
        """Read SIMULATORS_*. Raises KeyError naming the variable that is missing."""
        return cls(
            callback_url=environ["SIMULATORS_CALLBACK_URL"],
            step_seconds=float(environ.get("SIMULATORS_STEP_SECONDS", "1")),
            secrets={partner: environ[f"SIMULATORS_{partner.upper()}_SECRET"] for partner in PARTNERS},
        )
