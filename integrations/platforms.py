"""How every platform is asked: with a time limit, and every failure by its name."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx2

from domain.errors import CallLimited, PartnerTrouble, PullRefused, Refusal
from integrations.bounded import bounded, fetch
from integrations.http import REFUSAL_CODE, limited, read_object
from integrations.trust import trust

LARGEST_ANSWER = 32_000_000
"""A page of 250 orders of thousands of lines is far below it."""


class PlatformHttp:
    """One account's address. A 429 raises CallLimited, a 401 or 403 the `refusal`, no answer in time and a 5xx
    PartnerTrouble; anything else is answered."""

    def __init__(
        self,
        name: str,
        url: str,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        refusal: type[Refusal] = PullRefused,
    ) -> None:
        self.name = name
        self._refusal = refusal
        self._url = url.rstrip("/")
        self._seconds = timeout_seconds
        client = httpx2.Client(
            timeout=timeout_seconds,
            headers=dict(headers or {}),
            verify=trust(),
            # A company's proxy leads to the outside, never to a platform that is simulated on this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )
        self._client = bounded(client)

    def get(self, path: str, params: Mapping[str, str | int]) -> httpx2.Response:
        return self._checked("GET", path, self._client.build_request("GET", self._url + path, params=dict(params)))

    def post_form(self, fields: Mapping[str, str]) -> httpx2.Response:
        return self._checked("POST", "", self._client.build_request("POST", self._url, data=dict(fields)))

    def post_json(self, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> httpx2.Response:
        request = self._client.build_request("POST", self._url + path, json=dict(body), headers=dict(headers))
        return self._checked("POST", path, request)

    def trouble(self, what: str) -> PartnerTrouble:
        return PartnerTrouble(f"{self.name}: {what}")

    def limited(self, retry_after: str) -> CallLimited:
        return limited(self.name, retry_after)

    def close(self) -> None:
        self._client.close()

    def _checked(self, method: str, path: str, request: httpx2.Request) -> httpx2.Response:
        call = f"{method} {path}".rstrip()
        try:
            response = fetch(self._client, request, self._seconds, LARGEST_ANSWER)
        except httpx2.HTTPError as error:
            raise self.trouble(f"{call}: {type(error).__name__}") from None
        if response.status_code == 429:
            raise self.limited(response.headers.get("retry-after", ""))
        if response.status_code in (401, 403):
            raise self._refusal("not_allowed", f"{self.name}: {call} answered {response.status_code}")
        if response.status_code >= 500:
            raise self.trouble(f"{call}: answered {response.status_code}")
        return response


def clock(response: httpx2.Response) -> datetime | None:
    """What time it is for the platform, to the second."""
    # The server in front of a program may say its own time before it.
    said = response.headers.get_list("date")
    try:
        return parsedate_to_datetime(said[-1]) if said else None
    except (ValueError, OverflowError):
        return None


def refusal_code(response: httpx2.Response) -> str:
    """The `code` of a problem+json, empty where there is no short one: words may name a person."""
    code = (read_object(response.content) or {}).get("code")
    return code if isinstance(code, str) and REFUSAL_CODE.fullmatch(code) else ""
