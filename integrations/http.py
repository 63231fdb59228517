"""How every partner is called: one signed, pooled connection and one way to read the answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from urllib.parse import quote
from uuid import uuid4

import httpx2
from standardwebhooks import Webhook

from domain.errors import PartnerTrouble, Refusal
from integrations.trust import trust

PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
REFUSAL_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


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
        value = self.body.get(field)
        if not isinstance(value, str) or not value:
            raise self.trouble(f"{field} is not a text")
        return value

    def number(self, field: str) -> int:
        value = self.body.get(field)
        if type(value) is not int:
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

    A 409 or 422 with a problem raises the `refusal` that the caller names. A status that the caller does not expect,
    no answer in time and an answer that is not a JSON object raise PartnerTrouble.
    """

    def __init__(self, name: str, url: str, secret: str, timeout_seconds: float = 10.0) -> None:
        self.name = name
        self._webhook = Webhook(secret)
        self._client = httpx2.Client(
            base_url=url,
            timeout=timeout_seconds,
            verify=trust(),
            # Many servers close a connection that was idle for five seconds; we let go of it first.
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            # A company's proxy leads to the outside, never to a partner on this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

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
        key = quote(key, safe=PRINTABLE_ASCII)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._call("POST", path, content, key, headers, refusal, expected)

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
        call = f"{self.name} {method} {path}"
        headers |= self._signature(webhook_id, content)
        try:
            response = self._client.request(method, path, content=content, headers=headers)
        except httpx2.HTTPError as error:
            raise PartnerTrouble(f"{call}: {type(error).__name__}") from None
        if response.status_code in (409, 422):
            raise _refusal(call, response, refusal)
        if response.status_code not in expected:
            raise PartnerTrouble(f"{call}: answered {response.status_code}")
        return _answer(call, response)

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


def _refusal(call: str, response: httpx2.Response, refusal: type[Refusal]) -> Exception:
    # A proxy or a framework may say 422 as well; only a problem with a code is the partner's own word.
    problem = _answer(call, response)
    code = problem.text("code")
    if not REFUSAL_CODE.fullmatch(code):
        return problem.trouble("code is not a short name")
    return refusal(code, str(problem.body.get("detail", "")))


def _answer(call: str, response: httpx2.Response) -> Answer:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise PartnerTrouble(f"{call}: answered {response.status_code} without a JSON object")
    # A wrong address is a 404 as well, and nothing may be taken for undone because of it.
    if response.status_code == 404 and body.get("code") != "unknown":
        raise PartnerTrouble(f"{call}: answered 404")
    return Answer(call, response.status_code, body)
