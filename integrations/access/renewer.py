"""The interface by which tokens are renewed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from integrations.access.settings import AccessSettings


@dataclass(frozen=True, slots=True)
class Grant:
    """A new token, how long it lasts, and the refresh token for the next one; empty if the platform has none."""

    token: str
    lasts: timedelta
    refresh_token: str = ""


class Renewer(Protocol):
    def __call__(self, access: AccessSettings) -> Grant:
        """Ask for a new token. Raises AccessRefused when our app is no longer permitted, else PartnerTrouble."""
        ...
