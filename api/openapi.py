"""The OpenAPI document beyond the types of routes: bodies that they read by themselves, problems, examples and keys."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import errors, examples
from api.errors import Kind

DESCRIPTION = """Baton takes orders in, carries each one to the customer's door, and back again if need be.

Amounts are decimal strings in the one currency of their order, times are RFC 3339, lists go on by `next_cursor`,
and come as a whole as CSV or XLSX by `?format=`.
Every error is `application/problem+json`; a 503 may be tried again after `Retry-After`, and sending the same order,
return or webhook again is always safe. A body may have 2,000,000 bytes and an order 2,000 lines."""

REFS = "#/components/schemas/{model}"

OPEN: dict[str, Any] = {"security": []}
"""`openapi_extra` of a route that needs no key."""

QUOTA_HEADERS: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}, "required": True},
    "RateLimit-Policy": {
        "description": 'Such as `"requests";q=10000;w=2;qu="requests"`: q at once, all of it again within w seconds',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'Such as `"requests";r=0;t=1`: what remains, and when all is back',
        "schema": {"type": "string"},
    },
}
"""Headers of draft-ietf-httpapi-ratelimit-headers-09; every answer to a key has the last two."""

Responses = dict[int | str, dict[str, Any]]


class ProblemAnswer(BaseModel):
    """RFC 9457. `errors` names each field at fault."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[Literal["field", "message"], str]] = []


def json_body(model: type[BaseModel], example: object) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its body by `dependencies.read_body`."""
    return _json_body({"$ref": REFS.format(model=model.__name__)}, example)


def json_bodies(models: Sequence[type[BaseModel]], example: object) -> dict[str, Any]:
    """The same for a route that reads one of several bodies."""
    return _json_body({"anyOf": [{"$ref": REFS.format(model=model.__name__)} for model in models]}, example)


def _json_body(schema: Mapping[str, Any], example: object) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def responses(answers: Mapping[int, tuple[str, object]], *problems: Kind) -> Responses:
    """Return the `responses` of a route: an example for each good answer, and the problems it may answer."""
    described: Responses = {
        status: {"description": text, "content": {"application/json": {"example": example}}}
        for status, (text, example) in answers.items()
    }
    for kind in (errors.INVALID, errors.UNAUTHENTICATED, errors.TOO_MANY, errors.UNAVAILABLE, *problems):
        described[kind.status] = problem_response_of(kind)
    return described


def with_content(described: Responses, media_type: str) -> Responses:
    """Return the same responses, the good one also as text of this type if the caller asks for it."""
    other = {media_type: {"schema": {"type": "string"}}}
    return described | {200: described[200] | {"content": described[200]["content"] | other}}


def problem_response_of(kind: Kind) -> dict[str, Any]:
    example = examples.PROBLEM if kind is errors.INVALID else _problem_example(kind)
    content = {"schema": {"$ref": REFS.format(model="ProblemAnswer")}, "example": example}
    response: dict[str, Any] = {"description": kind.title, "content": {"application/problem+json": content}}
    return response | {"headers": QUOTA_HEADERS} if kind is errors.TOO_MANY else response


def add_openapi(app: FastAPI, bodies: Sequence[type[BaseModel]]) -> None:
    """Let the app describe itself with these bodies; the document is made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            models = [(model, "validation") for model in (*bodies, ProblemAnswer)]
            _, definitions = models_json_schema(models, ref_template=REFS)  # type: ignore[arg-type]
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {}).update(definitions["$defs"])
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key"}}
            schema["security"] = [{"key": []}]
            for operation in (one for methods in schema["paths"].values() for one in methods.values()):
                _add_common(operation)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_common(operation: dict[str, Any]) -> None:
    """Add the problems that any operation may answer, so that each route names only its own."""
    described = operation["responses"]
    kinds = [errors.INVALID, errors.UNAVAILABLE]
    if operation.get("security") != []:
        kinds += [errors.UNAUTHENTICATED, errors.FORBIDDEN, errors.TOO_MANY]
    if "requestBody" in operation:
        kinds += [errors.BAD_KEY, errors.TOO_SLOW, errors.TOO_LARGE, errors.TOO_MANY]
    for kind in kinds:
        described.setdefault(str(kind.status), problem_response_of(kind))


def _problem_example(kind: Kind) -> dict[str, object]:
    return {
        "type": f"urn:baton:problem:{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "instance": "/orders",
    }
