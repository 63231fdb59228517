"""Calls a route from inside of the process, without a socket."""

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
