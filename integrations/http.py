"""HTTP client for partners: signs requests, pools connections, checks and reads answers."""

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
from integrations.bounded import TooLarge
from integrations.circuit import Circuit
from integrations.endpoint import CALL_ERRORS, Endpoint, Headers, Reply
from integrations.tls import tls_context

PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
REFUSAL_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: PostgreSQL or a terminal cannot take them."""
MAX_TEXT, MAX_NUMBER, MAX_ANSWER_BYTES = 300, 2**31 - 1, 1_000_000
GATEWAY_ERRORS = (502, 504)
"""Status codes by which a proxy reports that the partner does not answer."""
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
DEFAULT_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 5.0, 3_600.0
"""Pause after a 429 without a readable Retry-After, and the longest pause that we honor."""


class Line(TypedDict):
    """Whole units of one SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A partner's answer. Reading a missing or malformed field raises PartnerTrouble."""

    call: str
    status: int
    body: Mapping[str, Any]

    def text(self, field: str) -> str:
        """Return an identifier unchanged; raise when it is too long or has control characters."""
        return self.text_in(self.body, field)

    def text_in(self, part: Any, field: str) -> str:
        """As `text`, for an object nested in the body; raises when `part` is no object."""
        value = part.get(field) if isinstance(part, dict) else None
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or UNPRINTABLE.search(value):
            raise self.trouble(f"{field} is not a text")
        return value

    def free_text(self, field: str) -> str:
        """Return free text on one line, cut to MAX_TEXT characters."""
        value = self.body.get(field)
        if not isinstance(value, str) or not value:
            raise self.trouble(f"{field} is not a text")
        return readable(value)

    def number(self, field: str) -> int:
        value = self.body.get(field)
        if type(value) is not int or abs(value) > MAX_NUMBER:
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
    """Client for one partner. Thread-safe; connections are pooled.

    A 409 or 422 with a problem body raises the caller's `refusal`; a 429, or a 503 with Retry-After, CallLimited.
    PartnerTrouble is raised for an unexpected status, no complete answer in time, an answer over a megabyte or one that
    is not a JSON object, and while the circuit admits no calls (integrations/circuit.py).
    """

    def __init__(
        self, name: str, url: str, secret: str, timeout_seconds: float = 10.0, circuit: Circuit | None = None
    ) -> None:
        self.name = name
        self._circuit = circuit or Circuit(name)
        self._webhook = Webhook(secret)
        self._client = httpx2.Client(
            timeout=timeout_seconds,
            verify=tls_context(),
            # Many servers close a connection after five idle seconds; close it before they do.
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            # Do not send calls to this machine through a proxy from the environment.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )
        self._endpoint = Endpoint(self._client, url, timeout_seconds, MAX_ANSWER_BYTES)

    def get(self, path: str, *, refusal: type[Refusal], expected: tuple[int, ...] = (200,)) -> Answer:
        """Read from `path`."""
        return self._call("GET", path, b"", uuid4().hex, (), refusal, expected)

    def post(
        self,
        path: str,
        body: Mapping[str, object],
        key: str,
        *,
        refusal: type[Refusal],
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """Send a change. Repeating it with the same key gets the same answer and has no second effect."""
        content = json.dumps(body, separators=(",", ":")).encode()
        key = key_in_header(key)
        headers = ((b"Content-Type", b"application/json"), (b"Idempotency-Key", key.encode()))
        return self._call("POST", path, content, key, headers, refusal, expected)

    def with_circuit(self, circuit: Circuit) -> "PartnerHttp":
        """Return a client with the same connections and another circuit, for a system that answers behind the same
        address but fails on its own."""
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
        headers: Headers,
        refusal: type[Refusal],
        expected: tuple[int, ...],
    ) -> Answer:
        # Without the query: it may name a customer, and error texts end up in histories.
        call = f"{self.name} {method} {path.partition('?')[0]}"
        headers = (*headers, *self._signature(webhook_id, content))
        try:
            with self._circuit.call():
                reply = self._reply(call, method, path, headers, content)
        except TooLarge:
            raise PartnerTrouble(f"{call}: TooLarge") from None
        if reply.status in (409, 422):
            raise _refusal(call, reply, refusal)
        if reply.status not in expected:
            raise PartnerTrouble(f"{call}: answered {reply.status}")
        return _answer(call, reply)

    def _reply(self, call: str, method: str, path: str, headers: Headers, content: bytes) -> Reply:
        """Return any answer of the partner's own, also a 500; raise PartnerTrouble when none came."""
        try:
            reply = self._endpoint.call(method, path, headers, content)
        except TooLarge:
            raise
        except CALL_ERRORS as error:
            raise PartnerTrouble(f"{call}: {type(error).__name__}") from None
        pause = reply.header(b"retry-after")
        if reply.status == 429 or (reply.status == 503 and pause is not None):
            raise call_limited(call, pause or "")
        if reply.status in GATEWAY_ERRORS:
            raise PartnerTrouble(f"{call}: answered {reply.status}")
        return reply

    def _signature(self, webhook_id: str, content: bytes) -> Headers:
        now = datetime.now(UTC)
        return (
            (b"webhook-id", webhook_id.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", self._webhook.sign(webhook_id, now, content.decode()).encode()),
        )


def segment(text: str) -> str:
    """Percent-encode an id as one path segment."""
    return quote(text, safe="")


def key_in_header(key: str) -> str:
    """Percent-encode all but printable ASCII in an idempotency key."""
    return quote(key, safe=PRINTABLE_ASCII)


def readable(text: str) -> str:
    """Cut free text to MAX_TEXT characters and replace control characters by spaces."""
    return UNPRINTABLE.sub(" ", text[:MAX_TEXT])


def call_limited(call: str, retry_after: str) -> CallLimited:
    """Build the error for a Retry-After header in seconds; a date or anything else counts as DEFAULT_PAUSE_SECONDS."""
    asked = float(retry_after) if SECONDS.fullmatch(retry_after) else DEFAULT_PAUSE_SECONDS
    wait = min(asked, MAX_PAUSE_SECONDS)
    return CallLimited(f"{call}: asks for a pause of {wait:g} s", wait)


def read_object(content: bytes) -> dict[str, Any] | None:
    """Parse a JSON object; None for anything else."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refusal(call: str, reply: Reply, refusal: type[Refusal]) -> Exception:
    # A proxy or a framework may answer 422 as well; only a problem with a code is the partner's refusal.
    problem = _answer(call, reply)
    code = problem.text("code")
    if not REFUSAL_CODE.fullmatch(code):
        return problem.trouble("code is not a short name")
    return refusal(code, readable(str(problem.body.get("detail", ""))))


def _answer(call: str, reply: Reply) -> Answer:
    body = read_object(reply.content)
    if body is None:
        raise PartnerTrouble(f"{call}: answered {reply.status} without a JSON object")
    # A wrong URL gives a 404 too: without the code it must not count as "already undone".
    if reply.status == 404 and body.get("code") != "unknown":
        raise PartnerTrouble(f"{call}: answered 404")
    return Answer(call, reply.status, body)
