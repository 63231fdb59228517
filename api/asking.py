"""Calls a route from inside of the process, without a socket."""

import asyncio
from typing import IO

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope


async def answer_of(app: ASGIApp, scope: Scope, content: bytes = b"") -> Response:
    """Call a route by itself and return its answer as a whole."""
    body, response = list[bytes](), Response()

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            response.status_code, response.raw_headers = message["status"], list(message["headers"])
        else:
            body.append(message.get("body", b""))

    await app(scope, receive, send)
    response.body = b"".join(body)
    return response


async def save_answer(app: ASGIApp, scope: Scope, out: IO[bytes]) -> tuple[Response, bool]:
    """Call a route and write the body of its answer to a file, part by part. Return the answer without its body, and
    whether it came to its end."""
    response, whole = Response(), False

    async def receive() -> Message:
        # Nobody hangs up: what waits for that waits until the answer has come.
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        nonlocal whole
        if message["type"] == "http.response.start":
            response.status_code, response.raw_headers = message["status"], list(message["headers"])
            return
        await asyncio.to_thread(out.write, message.get("body", b""))
        whole = not message.get("more_body", False)

    await app(scope, receive, send)
    return response, whole
