"""Request ids, request metrics and the log of failed requests, without personal data."""

import re
import sys
import time
import traceback
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Caller
from api.errors import INTERNAL, Problem, problem_response
from api.masking import SHOW_PEOPLE
from api.metrics import ApiMetrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def json_log() -> structlog.typing.FilteringBoundLogger:
    """Return a log of JSON lines on standard error."""
    processors = (structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True))
    return structlog.wrap_logger(  # type: ignore[no-any-return]
        structlog.PrintLogger(sys.stderr), processors=(*processors, structlog.processors.JSONRenderer())
    )


class Observation:
    """Middleware. Gives each request an id, counts it by route, and turns an unexpected exception into a 500.

    It logs answers of 400 and above, and which member of staff was shown which person. Other requests are only counted:
    a line for each of thousands a second helps nobody. A line has the route, not the URL, since a filter may name a
    customer.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = json_log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began, status = _request_id(scope), time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        error: Exception | None = None
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as unexpected:
            error = unexpected
            if not status:
                await _internal(Request(scope), request_id)(scope, receive, send_with_id)
        self._observe(scope, request_id.decode(), status or 500, time.perf_counter() - began, error)

    def _observe(self, scope: Scope, request_id: str, status: int, seconds: float, error: Exception | None) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.answered(scope["method"], route, status, seconds)
        if status < 400 and error is None:
            self._log_people_shown(scope, request_id, route)
            return
        write = self._log.error if status == 500 or error else self._log.info
        where = {"error": type(error).__name__, "at": _frames(error)} if error else {}
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        write("answered", request=request_id, **facts, **where)

    def _log_people_shown(self, scope: Scope, request_id: str, route: str) -> None:
        """Log staff who see personal data, but no channel, which reads what it sent itself all day long."""
        caller: Caller | None = scope.get("caller")
        if caller is not None and caller.sees_people and caller.channel is None and route in SHOW_PEOPLE:
            # The path holds only our own ids.
            self._log.info("people_shown", request=request_id, caller=caller.name, route=route, of=scope["path_params"])


def _request_id(scope: Scope) -> bytes:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return (given if REQUEST_ID.fullmatch(given) else uuid4().hex).encode()


def _frames(error: Exception) -> list[str]:
    # An exception's text may hold personal data of the request; the places in the code do not.
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]


def _internal(request: Request, request_id: bytes) -> Response:
    detail = f"it is logged under the request id {request_id.decode()}"
    return problem_response(request, Problem(INTERNAL, detail))
