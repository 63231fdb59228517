"""Endpoints of a simulated partner: they check signature, shape and key before they call a handler."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.problems import Problem
from simulators.shapes import Shape, check, some_of
from simulators.trouble_state import TroubleState

Body = dict[str, Any]
Handle = Callable[[Request, Body], tuple[int, Body]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Endpoints:
    """Makes one partner's endpoints from handlers, which return a status and a body or raise Problem.

    Handlers never await, so two requests with the same key never run at the same time.
    """

    def __init__(self, secret: str, trouble: TroubleState) -> None:
        self._webhook = Webhook(secret)
        self.trouble = trouble
        self._answers: dict[str, Response] = {}
        self.calls: Counter[str] = Counter()
        """Calls of `idempotent` endpoints by subject, repeated and failed ones included."""

    def idempotent(self, shape: Shape, handle: Handle, subject: str | Callable[[Body], str] | None = None) -> Endpoint:
        """A signed call whose answer is kept: the same key again gets that answer without calling the handler."""

        def answer(request: Request, content: bytes) -> Response:
            key = self._key(request, content)
            body = _body(content, shape)
            if subject:
                self.calls[body[subject] if isinstance(subject, str) else subject(body)] += 1
            if key not in self._answers:
                try:
                    response = _answer(handle, request, body)
                except Problem as problem:
                    # A 5xx may pass, so the same key must be able to succeed later.
                    if problem.status >= 500:
                        raise
                    response = problem.response()
                self._answers[key] = response
            return self._answers[key]

        return _endpoint(answer)

    def query(self, handle: Handle) -> Endpoint:
        """A signed read."""

        def answer(request: Request, content: bytes) -> Response:
            self._verify(request, content)
            return _answer(handle, request, {})

        return _endpoint(answer)

    def repeatable(self, shape: Shape, handle: Handle) -> Endpoint:
        """A signed call whose handler is itself idempotent and is called again for the same key."""

        def answer(request: Request, content: bytes) -> Response:
            self._key(request, content)
            return _answer(handle, request, _body(content, shape))

        return _endpoint(answer)

    def control(self, shape: Shape, handle: Handle) -> Endpoint:
        """An unsigned call for people and tests; its answer is not kept."""
        return _endpoint(lambda request, content: _answer(handle, request, _body(content, shape)))

    def troubles(self, of: object, names: Sequence[str]) -> Endpoint:
        """A control that sets these fields of a simulator, or some of them."""

        def go_wrong(request: Request, body: Body) -> tuple[int, Body]:
            for name, value in body.items():
                setattr(of, name, value)
            return 200, body

        return self.control(some_of(names), go_wrong)

    def view(self, handle: Handle) -> Endpoint:
        """An unsigned read for people and tests."""
        return _endpoint(lambda request, content: _answer(handle, request, {}))

    def forget(self) -> None:
        """Forget all kept answers."""
        self._answers.clear()

    def _key(self, request: Request, content: bytes) -> str:
        self._verify(request, content)
        key = request.headers.get("idempotency-key", "")
        if key != request.headers["webhook-id"]:
            raise Problem(400, "bad_key", "Idempotency-Key must be equal to webhook-id")
        return key

    def _verify(self, request: Request, content: bytes) -> None:
        try:
            self._webhook.verify(content, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            raise Problem(401, "bad_signature", "the signature is missing, too old or not ours") from None


def _endpoint(answer: Callable[[Request, bytes], Response]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        content = await request.body()
        try:
            return answer(request, content)
        except Problem as problem:
            return problem.response()

    return endpoint


def _body(content: bytes, shape: Shape) -> Body:
    try:
        body: Body = json.loads(content)
    except ValueError:
        raise Problem(422, "invalid_body", "the body must be JSON") from None
    check(body, shape)
    return body


def _answer(handle: Handle, request: Request, body: Body) -> Response:
    status, answer = handle(request, body)
    return JSONResponse(answer, status)
