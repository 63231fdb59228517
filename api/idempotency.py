"""Idempotency-Key (IETF draft 07): a repeated request gets the answer of the first one."""

import re
from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any, NamedTuple

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.access import Caller
from api.answer_store import AnswerStore, Kept
from api.dependencies import MAX_BODY_BYTES, caller_of, raw_body, services_of
from api.errors import BAD_KEY, OTHER_REQUEST, STILL_RUNNING, Problem, problem_response

HEADER = "idempotency-key"
# A string of structured fields (RFC 8941): printable ASCII in double quotes, of which \" and \\ are escaped.
QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"')
NOT_KEPT = {401, 403, 408, 413, 429}
"""Answers about the caller or the moment, not about the request: a repeat may be answered otherwise."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Claim(NamedTuple):
    """Identifies a request: the same holder, key and fingerprint are the same request."""

    holder: str
    key: str
    fingerprint: str


class OnceRoute(APIRoute):
    """A route that honors Idempotency-Key; without that header a request costs no more than looking for it.

    It keeps answers that a repeat would get as well: none of 500 and above, so that a repeat is a new try, and none
    with `Cache-Control: no-store`.
    """

    largest_body = MAX_BODY_BYTES

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            given = request.headers.get(HEADER)
            if given is not None:
                return await _once(request, given, handle, self.largest_body)
            if services_of(request).settings.idempotency_key_required:
                raise Problem(BAD_KEY, "send `Idempotency-Key` with a quoted string of your choice")
            return await handle(request)

        return once


async def _once(request: Request, given: str, handle: Handler, largest_body: int) -> Response:
    key = read_key(given)
    caller, store = caller_of(request), AnswerStore(services_of(request).sessions)
    claim = await _claim(request, caller, key, largest_body)
    kept = await to_thread.run_sync(store.claim, *claim)
    if kept is not None:
        return _repeat(kept, claim)
    answer = None
    try:
        answer = await _answer(request, handle)
    finally:
        if answer is None or not _lasts(answer):
            await to_thread.run_sync(store.forget, *claim)
    if _lasts(answer):
        body, media_type = bytes(answer.body).decode(), answer.headers.get("content-type", "application/json")
        await to_thread.run_sync(store.keep, *claim, answer.status_code, body, media_type)
    return answer


def _lasts(answer: Response) -> bool:
    """True if a repeat would get the same answer."""
    passing = answer.status_code >= 500 or answer.status_code in NOT_KEPT
    return not passing and answer.headers.get("cache-control") != "no-store"


def read_key(given: str) -> str:
    """Return the text between the quotes. A 400 for anything but one quoted string of 1 to 255 characters."""
    quoted = QUOTED.fullmatch(given.strip())
    if not quoted:
        raise Problem(BAD_KEY, 'Idempotency-Key is a string in double quotes, such as "8e03978e-40d5-43dd"')
    return re.sub(r"\\(.)", r"\1", quoted[1])


async def _claim(request: Request, caller: Caller, key: str, largest_body: int) -> Claim:
    body = await raw_body(request, largest_body)
    request._body = body  # So that the route can read it again.
    what = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return Claim(caller.key_id, key, sha256(what + body).hexdigest())


def _repeat(kept: Kept, claim: Claim) -> Response:
    if kept.fingerprint != claim.fingerprint:
        raise Problem(OTHER_REQUEST, "this Idempotency-Key came before with another request")
    if kept.status is None:
        raise Problem(
            STILL_RUNNING, "the first request with this key is not answered yet", headers={"Retry-After": "1"}
        )
    return Response(kept.body, kept.status, {"Idempotency-Replayed": "true"}, kept.media_type)


async def _answer(request: Request, handle: Handler) -> Response:
    try:
        return await handle(request)
    except Problem as problem:
        return problem_response(request, problem)
