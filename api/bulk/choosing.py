"""Which orders, cases or payloads a bulk is about, by the filters of their lists and the rights of the caller."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Query, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.types import Scope

from api.asking import answer_of
from api.bulk.commands import ORDERS, Command
from api.dependencies import Services, WithServices
from api.errors import FieldError, Kind, Problem, invalid, invalid_fields
from api.orders.at_risk import is_at_risk
from api.orders.order_filters import OrderConditions, conditions_of
from api.orders.order_query import WantedOrders
from api.orders.orders import LIST_SECONDS
from api.parameter_check import check_parameters
from api.sheet_pages import pages_of
from domain.bulk import MOST_ORDERS, MOST_OTHERS
from models.database import TookTooLong, bounded_read
from models.order import OrderRow

PAGE, PAGE_OF_OTHERS = 5_000, 200
MOST_PAGES = 200
"""Pages of orders that are read for one bulk: a filter that no index serves may find little on each."""
NO_FILTERS = frozenset({"cursor", "limit", "sort", "count", "format"})
OF_PERSONS = frozenset({"q", "phone", "email", "customer"})
"""Filters that may name a person: they are not kept."""


async def choose(request: Request, command: Command, filter: Mapping[str, str | bool]) -> list[str]:
    """Return the ids in the sequence of receipt. A 422 names the filter at fault, or says that too much is found."""
    if wrong := sorted(NO_FILTERS & filter.keys()):
        raise invalid(f"filter.{wrong[0]}", "is not a filter")
    query = [(name, value if isinstance(value, str) else str(value).lower()) for name, value in filter.items()]
    try:
        found = await (_orders(request, query) if command.subject == ORDERS else _others(request, command, query))
    except Problem as problem:
        raise _of_filter(problem) from None
    if not found:
        raise invalid("filter", "finds nothing")
    return found


def shown(filter: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the filter without what may name a person."""
    return {name: "***" if name in OF_PERSONS else value for name, value in filter.items()}


async def _list_ids(
    services: WithServices,
    wanted: WantedOrders,
    at_risk: Annotated[bool, Query(description="Only orders about to miss their deadline")] = False,
) -> Response:
    ids = await to_thread.run_sync(_read_ids, services, partial(conditions_of, wanted=wanted), at_risk)
    return Response(json.dumps(ids), media_type="application/json")


IDS = APIRoute("/orders", _list_ids, methods=["GET"])
"""A route that no app has: it reads the filters of `GET /orders` and answers all ids."""
check_parameters([IDS])


def _read_ids(services: Services, conditions: Any, at_risk: bool) -> list[str]:
    """Return ids by pages, each a short read of its own."""
    found, last = list[str](), ""
    for _ in range(MOST_PAGES):
        try:
            with bounded_read(services.sessions, LIST_SECONDS) as session:
                which: OrderConditions = conditions(session)
                later = [OrderRow.order_id > last, *([is_at_risk()] if at_risk else [])]
                looked_at = which.all if which.is_indexed else which.stored
                some = select(OrderRow.order_id).where(*looked_at, *later).order_by(OrderRow.order_id).limit(PAGE)
                page = list(session.scalars(some))
                matching = page
                if page and not which.is_indexed and which.derived:
                    these = select(OrderRow.order_id).where(OrderRow.order_id.in_(page), *which.derived)
                    matching = list(session.scalars(these.order_by(OrderRow.order_id)))
        except TookTooLong:
            break
        found += matching
        if len(found) > MOST_ORDERS:
            raise _too_many(MOST_ORDERS, "orders")
        if len(page) < PAGE:
            return found
        last = page[-1]
    raise invalid("filter", "it reads too much: add a channel, a status or dates")


async def _orders(request: Request, query: list[tuple[str, str]]) -> list[str]:
    answer = await answer_of(IDS.app, _scope(request.scope, "/orders", query))
    _check(answer)
    ids: list[str] = json.loads(bytes(answer.body))
    return ids


async def _others(request: Request, command: Command, query: list[tuple[str, str]]) -> list[str]:
    """Ask the list itself, newest first, page after page."""
    scope = _scope(request.scope, f"/{command.subject}", query)
    found, name = list[str](), f"{command.subject.removesuffix('s')}_id"
    async for page in pages_of(request.app, scope, query, PAGE_OF_OTHERS):
        if isinstance(page, Response):
            _check(page)
            break
        found += [item[name] for item in page]
        if len(found) > MOST_OTHERS:
            raise _too_many(MOST_OTHERS, command.subject)
    return found[::-1]


def _scope(scope: Scope, path: str, query: list[tuple[str, str]]) -> Scope:
    kept = {name: value for name, value in scope.items() if name not in ("route", "endpoint", "path_params", "router")}
    as_asked = {"method": "GET", "path": path, "raw_path": path.encode(), "headers": [], "path_params": {}}
    return kept | as_asked | {"query_string": urlencode(query).encode()}


def _check(answer: Response) -> None:
    if answer.status_code == 200:
        return
    problem = json.loads(bytes(answer.body))
    errors: list[FieldError] = problem.get("errors", [])
    kind = problem["type"].rpartition(":")[2]
    raise Problem(Kind(problem["status"], kind, problem["title"]), problem["detail"], errors)


def _of_filter(problem: Problem) -> Problem:
    """Return a 422 about fields as one about the fields of the filter."""
    if problem.kind.status != 422 or not problem.errors:
        return problem
    named = [one["field"] if one["field"].startswith("filter") else f"filter.{one['field']}" for one in problem.errors]
    return invalid_fields(
        [{"field": name, "message": one["message"]} for name, one in zip(named, problem.errors, strict=True)]
    )


def _too_many(most: int, what: str) -> Problem:
    return invalid(
        "filter", f"finds more than {most:,} {what}: a bulk has at most so many; filter by dates or a channel"
    )
