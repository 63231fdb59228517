"""Lists rows that the relay has set aside after repeated failures, and webhooks without an order; tries them again."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select, text

from api.access import Caller
from api.dependencies import Redeliverer, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, after_number, cut
from api.openapi import json_body, responses
from api.schemas import Answer, Body, Page
from models.set_aside import SetAsideRow
from record.set_aside import try_all_again, try_one_again

router = APIRouter(tags=["operation"], route_class=OnceRoute)

Kind = Literal[
    "order",
    "event",
    "wave",
    "history",
    "deadline",
    "escalation",
    "stock",
    "fact",
    "erasure",
    "second_thought",
    "subscription",
    "job",
]
AsideId = Annotated[int, Path(ge=1, lt=2**63)]

ALERTS = text("""
    SELECT kind, count(*) AS rows, min(aside_at) AS since, (array_agg(reason ORDER BY aside_at DESC))[1] AS reason
    FROM set_asides WHERE aside_at IS NOT NULL GROUP BY kind ORDER BY kind
""")
ASIDE: dict[str, Any] = {
    "aside_id": 17,
    "kind": "event",
    "subject": "payments/evt_4711",
    "reason": "nobody's payment.captured",
    "tries": 1,
    "first_at": "2026-01-04T09:30:00Z",
    "aside_at": "2026-01-04T09:30:00Z",
}
ASIDES = {"items": [ASIDE], "next_cursor": None}
ASIDE_ALERTS = {
    "items": [{"kind": "event", "rows": 12, "since": "2026-01-04T09:30:00Z", "reason": "nobody's payment.captured"}]
}
RETRY = {"kind": "event"}
RETRIED = {"rows": 12}


class SetAside(Answer):
    """`subject` is the key of the row: `partner/event_id` of a webhook, else the id of the order, the fulfillment
    order, the fact, the subscription, ..., or the name of a job of the relay. `reason` is the kind of error."""

    aside_id: int
    kind: Kind
    subject: str
    reason: str
    tries: int
    first_at: datetime
    aside_at: datetime


class SetAsideAlert(Answer):
    """`rows` of this kind are set aside, the first one since `since`; `reason` is that of the last one."""

    kind: Kind
    rows: int
    since: datetime
    reason: str


class SetAsideAlerts(Answer):
    items: list[SetAsideAlert]


class RetryBody(Body):
    kind: Kind


class RetryAsked(Answer):
    """`rows` counts those that are tried again, the oldest first."""

    rows: int


@router.get(
    "/set-asides",
    summary="What was set aside",
    responses=responses({200: ("One page, oldest first", ASIDES)}, FORBIDDEN),
)
def list_set_asides(
    caller: Redeliverer, services: WithServices, kind: Kind | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[SetAside]:
    """Rows that have failed five times, and webhooks whose order, parcel or payment never came. They block no others,
    and wait here until somebody has them tried again."""
    _sees_all(caller)
    row = SetAsideRow
    wanted = select(row).where(row.aside_at.is_not(None)).order_by(row.aside_id).limit(limit + 1)
    if kind is not None:
        wanted = wanted.where(row.kind == kind)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(row.aside_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.aside_id)
    return Page(items=[SetAside.model_validate(row) for row in rows], next_cursor=following)


@router.get(
    "/set-asides/alerts",
    summary="How much was set aside, by kind",
    responses=responses({200: ("All of them", ASIDE_ALERTS)}, FORBIDDEN),
)
def list_set_aside_alerts(caller: Redeliverer, services: WithServices) -> SetAsideAlerts:
    """An alert stays until all of its rows are tried again; rows that fail again come back."""
    _sees_all(caller)
    with services.sessions() as session:
        rows = session.execute(ALERTS).mappings().all()
    return SetAsideAlerts(items=[SetAsideAlert.model_validate(dict(row)) for row in rows])


@router.post(
    "/set-asides/retry",
    status_code=202,
    summary="Try all rows of a kind again that were set aside",
    response_model=RetryAsked,
    responses=responses({202: ("It begins", RETRIED)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(RetryBody, RETRY),
)
async def retry_all(request: Request, caller: Redeliverer, services: WithServices) -> RetryAsked:
    """A webhook without an order is tried ten times more, within two minutes, and set aside again if its order is still
    not there."""
    _sees_all(caller)
    body = await read_body(request, RetryBody)
    return RetryAsked(rows=await run_in_threadpool(try_all_again, services.sessions, body.kind))


@router.post(
    "/set-asides/{aside_id}/retry",
    status_code=202,
    summary="Try one row again that was set aside",
    responses=responses({202: ("It begins", {"rows": 1})}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def retry_one(aside_id: AsideId, caller: Redeliverer, services: WithServices) -> RetryAsked:
    """A 404 says that no such row is set aside, or that it is being tried again already."""
    _sees_all(caller)
    if not try_one_again(services.sessions, aside_id):
        raise Problem(NOT_FOUND, "nothing is set aside by this number")
    return RetryAsked(rows=1)


def _sees_all(caller: Caller) -> None:
    if caller.channel is not None:
        raise Problem(FORBIDDEN, "what was set aside is of all channels")
