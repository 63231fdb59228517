"""HTTP client for channel platforms: a time limit for each call, and a named error for each failure."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx2

from domain.errors import CallLimited, PartnerTrouble, PullRefused, Refusal
from integrations.bounded import bounded, fetch
from integrations.http import REFUSAL_CODE, call_limited, read_object
from integrations.tls import tls_context

MAX_ANSWER_BYTES = 32_000_000
"""Bytes; a page of 250 orders with thousands of lines is far smaller."""


class PlatformHttp:
    """Client for one account. A 429 raises CallLimited, a 401 or 403 the `refusal`, a 5xx or no answer in time
    PartnerTrouble; any other answer is returned."""

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
            verify=tls_context(),
            # Do not send calls to a simulator on this machine through a proxy from the environment.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )
        self._client = bounded(client)

    def get(self, path: str, params: Mapping[str, str | int]) -> httpx2.Response:
        return self._checked("GET", path, self._client.build_request("GET", self._url + path, params=dict(params)))

    def post_form(self, fields: Mapping[str, str]) -> httpx2.Response:
        return self._checked("POST", "", self._client.build_request("POST", self._url, data=dict(fields)))

    def post_text(self, path: str, what: str, text: str) -> httpx2.Response:
        """Post JSON as it was signed. Errors name `what`, since `path` may hold a signature or a token."""
        headers = {"Content-Type": "application/json"}
        request = self._client.build_request("POST", self._url + path, content=text.encode(), headers=headers)
        return self._checked("POST", what, request)

    def post_json(self, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> httpx2.Response:
        request = self._client.build_request("POST", self._url + path, json=dict(body), headers=dict(headers))
        return self._checked("POST", path, request)

    def trouble(self, what: str) -> PartnerTrouble:
        return PartnerTrouble(f"{self.name}: {what}")

    def call_limited(self, retry_after: str) -> CallLimited:
        return call_limited(self.name, retry_after)

    def close(self) -> None:
        self._client.close()

    def _checked(self, method: str, path: str, request: httpx2.Request) -> httpx2.Response:
        call = f"{method} {path}".rstrip()
        try:
            response = fetch(self._client, request, self._seconds, MAX_ANSWER_BYTES)
        except httpx2.HTTPError as error:
            raise self.trouble(f"{call}: {type(error).__name__}") from None
        if response.status_code == 429:
            raise self.call_limited(response.headers.get("retry-after", ""))
        if response.status_code in (401, 403):
            raise self._refusal("not_allowed", f"{self.name}: {call} answered {response.status_code}")
        if response.status_code >= 500:
            raise self.trouble(f"{call}: answered {response.status_code}")
        return response


def clock(response: httpx2.Response) -> datetime | None:
    """The platform's time, to the second; None if it names none."""
    # A proxy may put its own Date first; the platform's is the last.
    dates = response.headers.get_list("date")
    try:
        return parsedate_to_datetime(dates[-1]) if dates else None
    except (ValueError, OverflowError):
        return None


def refusal_code(response: httpx2.Response) -> str:
    """The `code` of a problem+json, empty if it is no short name: free text may name a person."""
    code = (read_object(response.content) or {}).get("code")
    return code if isinstance(code, str) and REFUSAL_CODE.fullmatch(code) else ""
