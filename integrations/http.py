"""How every partner is called: one signed, pooled connection and one way to read the answer."""

import json
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from urllib.parse import quote
from uuid import uuid4

import httpx2
from standardwebhooks import Webhook

from domain.errors import CallLimited, PartnerTrouble, Refusal
from integrations.bounded import TooLarge, bounded, fetch
from integrations.circuit import Circuit
from integrations.trust import trust

PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
REFUSAL_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
NO_LETTERS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""What no record keeps, or what nobody can print."""
LONGEST_TEXT, LARGEST_NUMBER, LARGEST_ANSWER = 300, 2**31 - 1, 1_000_000
NOBODY_THERE = (502, 504)
"""A proxy's own words for a partner that does not answer it."""
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
PATIENCE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 3_600.0
"""How long somebody is left alone who asks for a pause and does not say how long, and at most."""


class Line(TypedDict):
    """How many whole units of a SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner said. Reading a field that is not there raises PartnerTrouble."""

    call: str
    status: int
    body: Mapping[str, Any]

    def text(self, field: str) -> str:
        """A name or a number in letters, which is kept as it stands."""
        return self.text_in(self.body, field)

    def text_in(self, part: Any, field: str) -> str:
        """The same in a part of the body, whatever that is."""
        value = part.get(field) if isinstance(part, dict) else None
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or NO_LETTERS.search(value):
            raise self.trouble(f"{field} is not a text")
        return value

    def words(self, field: str) -> str:
        """What somebody wrote: on one line, and cut."""
        value = self.body.get(field)
        if not isinstance(value, str) or not value:
            raise self.trouble(f"{field} is not a text")
        return readable(value)

    def number(self, field: str) -> int:
        value = self.body.get(field)
        if type(value) is not int or abs(value) > LARGEST_NUMBER:
            raise self.trouble(f"{field} is not a whole number")
        return value

    def texts(self, field: str) -> list[str]:
        values = self.body.get(field)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.trouble(f"{field} is not a list of texts")
        return values

    def trouble(self, what: str) -> PartnerTrouble:
        return PartnerTrouble(f"{self.call}: {what}")


class PartnerHttp:
    """One partner's address and secret. Threads may share it; its connections are kept and reused.

    A 409 or 422 with a problem raises the `refusal` that the caller names; a 429, or a 503 that says how long to wait,
    CallLimited. A status that the caller does not expect, no whole answer in time, a larger one than a megabyte and one
    that is not a JSON object raise PartnerTrouble; so does a partner that is not called now (integrations/circuit.py).
    """

    def __init__(
        self, name: str, url: str, secret: str, timeout_seconds: float = 10.0, circuit: Circuit | None = None
    ) -> None:
        self.name = name
        self._circuit = circuit or Circuit(name)
        self._webhook = Webhook(secret)
        self._seconds = timeout_seconds
        client = httpx2.Client(
            base_url=url,
            timeout=timeout_seconds,
            verify=trust(),
            # Many servers close a connection that was idle for five seconds; we let go of it first.
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            # A company's proxy leads to the outside, never to a partner on this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )
        self._client = bounded(client)

    def get(self, path: str, *, refusal: type[Refusal], expected: tuple[int, ...] = (200,)) -> Answer:
        """Ask for what is at `path`, which changes nothing."""
        return self._call("GET", path, b"", uuid4().hex, {}, refusal, expected)

    def post(
        self,
        path: str,
        body: Mapping[str, object],
        key: str,
        *,
        refusal: type[Refusal],
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """Change something; the same key again gets the same answer and has no second effect."""
        content = json.dumps(body, separators=(",", ":")).encode()
        key = key_in_header(key)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._call("POST", path, content, key, headers, refusal, expected)

    def through(self, circuit: Circuit) -> "PartnerHttp":
        """The same connections for calls that somebody else answers behind this address: his trouble is his own."""
        other = copy(self)
        other._circuit = circuit
        return other

    def close(self) -> None:
        self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        content: bytes,
        webhook_id: str,
        headers: dict[str, str],
        refusal: type[Refusal],
        expected: tuple[int, ...],
    ) -> Answer:
        # What is asked for by name may be a customer, and texts of trouble end in histories.
        call = f"{self.name} {method} {path.partition('?')[0]}"
        headers |= self._signature(webhook_id, content)
        request = self._client.build_request(method, path, content=content, headers=headers)
        try:
            with self._circuit.call():
                response = self._answered(call, request)
        except TooLarge:
            raise PartnerTrouble(f"{call}: TooLarge") from None
        if response.status_code in (409, 422):
            raise _refusal(call, response, refusal)
        if response.status_code not in expected:
            raise PartnerTrouble(f"{call}: answered {response.status_code}")
        return _answer(call, response)

    def _answered(self, call: str, request: httpx2.Request) -> httpx2.Response:
        """What the partner answers, be it that it is in trouble; raises PartnerTrouble where nobody answers."""
        try:
            response = fetch(self._client, request, self._seconds, LARGEST_ANSWER)
        except TooLarge:
            raise
        except httpx2.HTTPError as error:
            raise PartnerTrouble(f"{call}: {type(error).__name__}") from None
        if response.status_code == 429 or (response.status_code == 503 and "retry-after" in response.headers):
            raise limited(call, response.headers.get("retry-after", ""))
        if response.status_code in NOBODY_THERE:
            raise PartnerTrouble(f"{call}: answered {response.status_code}")
        return response

    def _signature(self, webhook_id: str, content: bytes) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(webhook_id, now, content.decode()),
        }


def segment(text: str) -> str:
    """An id as one segment of a path, whatever it is made of."""
    return quote(text, safe="")


def key_in_header(key: str) -> str:
    """A key as a partner gets it: percent-encoded where it is not printable ASCII."""
    return quote(key, safe=PRINTABLE_ASCII)


def readable(text: str) -> str:
    """What somebody wrote, as it can be kept."""
    return NO_LETTERS.sub(" ", text[:LONGEST_TEXT])


def limited(call: str, retry_after: str) -> CallLimited:
    """Of the header of this name: seconds, or a date, for which nobody here looks at a clock."""
    asked = float(retry_after) if SECONDS.fullmatch(retry_after) else PATIENCE_SECONDS
    wait = min(asked, LONGEST_PAUSE_SECONDS)
    return CallLimited(f"{call}: asks for a pause of {wait:g} s", wait)


def read_object(content: bytes) -> dict[str, Any] | None:
    """The JSON object that this is, or None for anything else."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refusal(call: str, response: httpx2.Response, refusal: type[Refusal]) -> Exception:
    # A proxy or a framework may say 422 as well; only a problem with a code is the partner's own word.
    problem = _answer(call, response)
    code = problem.text("code")
    if not REFUSAL_CODE.fullmatch(code):
        return problem.trouble("code is not a short name")
    return refusal(code, readable(str(problem.body.get("detail", ""))))


def _answer(call: str, response: httpx2.Response) -> Answer:
    body = read_object(response.content)
    if body is None:
        raise PartnerTrouble(f"{call}: answered {response.status_code} without a JSON object")
    # A wrong address is a 404 as well, and nothing may be taken for undone because of it.
    if response.status_code == 404 and body.get("code") != "unknown":
        raise PartnerTrouble(f"{call}: answered 404")
    return Answer(call, response.status_code, body)
