"""Errors as problem+json (RFC 9457): a stable `type`, the field at fault if there is one, and never a secret."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.responses import Response
from temporalio.service import RPCError, RPCStatusCode

from record.stock.mistakes import Mistake

DATABASE_DOWN = (OperationalError, InterfaceError, NoConnection)
TEMPORAL_DOWN = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
}


class Kind(NamedTuple):
    status: int
    name: str
    title: str


BAD_KEY = Kind(400, "idempotency-key", "The Idempotency-Key is missing or not a quoted string")
UNAUTHENTICATED = Kind(401, "unauthenticated", "The request is not signed by a key that we know")
FORBIDDEN = Kind(403, "forbidden", "This key may not do this")
NOT_FOUND = Kind(404, "not-found", "There is nothing here")
METHOD_NOT_ALLOWED = Kind(405, "method-not-allowed", "This cannot be done here")
OTHER_BODY = Kind(409, "other-body", "This id was used before with another body")
REFUSED = Kind(409, "refused", "This cannot be done any more")
STILL_RUNNING = Kind(409, "still-running", "The first request with this Idempotency-Key is still running")
TOO_SLOW = Kind(408, "too-slow", "The body did not come in time")
TOO_LARGE = Kind(413, "too-large", "The body is too large")
INVALID = Kind(422, "invalid", "The request is not what the API describes")
OTHER_REQUEST = Kind(422, "other-request", "This Idempotency-Key was used before with another request")
TOO_MANY = Kind(429, "too-many", "More was asked for than this key or channel may")
INTERNAL = Kind(500, "internal", "Something went wrong on our side")
BUSY = Kind(503, "busy", "More work is waiting than can be taken")
UNAVAILABLE = Kind(503, "unavailable", "A part that this needs is down")
OTHER = {kind.status: kind for kind in (UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, INVALID)}

MAX_ERRORS, MAX_NAME = 100, 100
MESSAGES = {"missing": "this field is required", "extra_forbidden": "this field is not known"}


class FieldError(TypedDict):
    """`field` is a path such as `lines[0].quantity`."""

    field: str
    message: str


class Problem(Exception):
    """An answer of 4xx or 5xx. The caller gets its detail word for word."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.extra = extra


def invalid(field: str, message: str) -> Problem:
    """Return a 422 about one field."""
    return invalid_fields([{"field": field, "message": message}])


def invalid_fields(errors: Sequence[FieldError]) -> Problem:
    """Return a 422 about these fields, at most the first 100."""
    errors = errors[:MAX_ERRORS]
    fields = ", ".join(error["field"] for error in errors[:3])
    return Problem(INVALID, f"{fields}: {errors[0]['message']}" if len(errors) == 1 else f"see {fields}", errors)


def mistake_problem(mistake: Mistake) -> Problem:
    """Return a 422 for a mistake in a change of stock, product or location."""
    return invalid(mistake.field, mistake.message)


def invalid_body(error: ValidationError) -> Problem:
    """Return a 422 from pydantic's errors. The values sent are not repeated, since they may name a person."""
    return invalid_fields(_field_errors(error.errors(include_url=False, include_input=False, include_context=False)))


def unavailable(part: str) -> Problem:
    return Problem(UNAVAILABLE, f"{part} does not answer; try again", headers={"Retry-After": "2"})


def problem_response(request: Request, problem: Problem) -> Response:
    body: dict[str, object] = {
        "type": f"urn:baton:problem:{problem.kind.name}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": request.url.path,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    content = json.dumps(body | problem.extra, ensure_ascii=False, separators=(",", ":"))
    return Response(content, problem.kind.status, problem.headers, "application/problem+json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer errors of routes, FastAPI, the database and Temporal as problems; observation.py catches the rest."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RPCError, _temporal_error)
    for error in DATABASE_DOWN:
        app.add_exception_handler(error, _database_down)
    app.add_exception_handler(DBAPIError, _database_error)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error)


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The first part of FastAPI's location is where it looked: query, path or header.
    details = [{**detail, "loc": tuple(detail["loc"])[1:]} for detail in error.errors()]
    return problem_response(request, invalid_fields(_field_errors(details)))  # type: ignore[arg-type]


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = OTHER.get(error.status_code, Kind(error.status_code, f"http-{error.status_code}", error.detail))
    return problem_response(request, Problem(kind, error.detail, headers=error.headers))


async def _temporal_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RPCError)
    if error.status not in TEMPORAL_DOWN:
        raise error
    return problem_response(request, unavailable("temporal"))


async def _database_down(request: Request, error: Exception) -> Response:
    return problem_response(request, unavailable("database"))


async def _database_error(request: Request, error: Exception) -> Response:
    """When a session dies in the middle of an answer, the driver may raise no more than a DBAPIError."""
    assert isinstance(error, DBAPIError)
    if not error.connection_invalidated:
        raise error
    return problem_response(request, unavailable("database"))


def _field_errors(details: Sequence[ErrorDetails]) -> list[FieldError]:
    # pydantic also reports a list whose only item is invalid as too short, which would mislead.
    details = details[:MAX_ERRORS]
    parents = {detail["loc"][:depth] for detail in details for depth in range(1, len(detail["loc"]))}
    return [
        {"field": _path(detail["loc"]), "message": MESSAGES.get(detail["type"], detail["msg"])}
        for detail in details
        if detail["loc"] not in parents
    ]


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        # A field name of a megabyte is not sent back in full.
        name = part[:MAX_NAME] if isinstance(part, str) else ""
        path += f"[{part}]" if isinstance(part, int) else f".{name}" if path else name
    return path or "body"
