"""Tokens of a simulated platform: each ends, and each refresh token is taken once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints

FIRST, FIRST_REFRESH = "simulated-token", "simulated-refresh"


def _end(value: Any) -> str | None:
    return None if value in ("tokens", "permission") else "tokens or permission"


@dataclass(slots=True)
class Tokens:
    """The first token and refresh token are always the same. `ended` by a person's wish, a token is refused as if its
    time were over; without the permission no refresh token is taken any more."""

    lasts: timedelta
    ends: dict[str, datetime] = field(default_factory=lambda: {FIRST: datetime.max.replace(tzinfo=UTC)})
    refresh_tokens: set[str] = field(default_factory=lambda: {FIRST_REFRESH})
    renewed: int = 0

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Unsigned calls for people and tests: end all tokens, or the permission; and how many were renewed."""
        return [
            Route("/tokens/end", endpoints.control({"what": _end}, self._end), methods=["POST"]),
            Route("/tokens", endpoints.view(self._look), methods=["GET"]),
        ]

    def is_good(self, token: str) -> bool:
        return self.ends.get(token, datetime.min.replace(tzinfo=UTC)) > datetime.now(UTC)

    def why_not(self, token: str) -> str:
        return "isv.access-token-expired" if token in self.ends else "isv.access-token-no-existed"

    def refresh(self, refresh_token: str) -> Body | None:
        """A new pair of tokens, or None if this refresh token is not good (any more)."""
        if refresh_token not in self.refresh_tokens:
            return None
        self.refresh_tokens.remove(refresh_token)
        return self.give()

    def current(self) -> Body | None:
        """The newest token that is good for a while, as a platform gives it again; None if there is none."""
        soon = datetime.now(UTC) + timedelta(minutes=5)
        given = [(end, token) for token, end in self.ends.items() if soon < end and token != FIRST]
        if not given:
            return None
        end, token = max(given)
        return {"access_token": token, "expires_in": int((end - datetime.now(UTC)).total_seconds())}

    def give(self) -> Body:
        number = self.renewed + 2
        token, following = f"{FIRST}-{number}", f"{FIRST_REFRESH}-{number}"
        self.ends[token] = datetime.now(UTC) + self.lasts
        self.refresh_tokens.add(following)
        self.renewed += 1
        return {"access_token": token, "expires_in": int(self.lasts.total_seconds()), "refresh_token": following}

    def _end(self, request: Request, body: Body) -> tuple[int, Body]:
        self.ends = dict.fromkeys(self.ends, datetime.now(UTC))
        if body["what"] == "permission":
            self.refresh_tokens.clear()
        return 200, body

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"renewed": self.renewed}
