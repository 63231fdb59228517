"""Dependencies of routes: the services that the app opened, the caller, the body, and group commit."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from anyio import to_thread
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine
from temporalio.client import Client

from api.access import Caller, KeyRing, Right, TooManyLookups
from api.bodies import UnfinishedBodies
from api.errors import (
    BUSY,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Problem,
    invalid_body,
)
from api.group_commit import Answer, GroupCommit, Item, NotInTime, QueueFull, TooManyFail
from api.promises.desk import PromiseDesk
from api.quotas import Quotas
from api.rate_limits import BacklogLimit, RateLimit
from api.readiness import Readiness
from api.shapes import check_shape, is_large
from api.subscriptions.log_reader import LogReader
from api.subscriptions.streams import Streams
from domain.service_levels import Allowance
from models.database import Sessions
from record.messages.partner_events import NewEvent, Stored
from record.orders.rows import NewOrder
from record.orders.writer import Receipt
from record.rules.confined import Confined
from settings import Settings

MAX_BODY_BYTES = 2_000_000
SMALL_BODY_BYTES = 50_000
"""A smaller body is parsed in a millisecond or two, faster than by handing it to a thread."""

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the app opens when it starts and closes when it ends."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    temporal: Client
    keys: KeyRing
    quotas: Quotas
    bodies: UnfinishedBodies
    streams: Streams
    readiness: Readiness
    allowance: Allowance
    wrong_codes: RateLimit
    """Wrong pickup codes that one key may enter."""
    backlog: BacklogLimit
    orders: GroupCommit[NewOrder, Receipt]
    events: GroupCommit[NewEvent, Stored]
    log: LogReader
    confined: Confined
    promises: PromiseDesk


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


# Async, since FastAPI runs plain functions in a thread, which costs more than the rest of a small request.
async def _services(request: Request) -> Services:
    return services_of(request)


WithServices = Annotated[Services, Depends(_services)]


def caller_of(request: Request) -> Caller:
    """Return the caller, whose right `api/rights.py` has checked before the route runs."""
    return cast(Caller, request.scope["caller"])


async def find_caller(request: Request) -> Caller:
    """Return the caller of `Authorization: Bearer baton_...`, whatever its rights. A 401 if there is none."""
    services = services_of(request)
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise _unauthenticated("send `Authorization: Bearer baton_...`")
    try:
        caller = await services.keys.caller(key.strip())
    except TooManyLookups:
        detail = "too many keys that nobody knows are being looked up; try again"
        raise Problem(BUSY, detail, headers={"Retry-After": "1"}) from None
    if caller is None:
        raise _unauthenticated("this key is unknown, was revoked or has expired")
    return caller


def _unauthenticated(detail: str) -> Problem:
    return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": 'Bearer realm="baton"'})


@dataclass(frozen=True, slots=True)
class Needs:
    """Declares the right that a route needs, and gives it the caller. `api/rights.py` checks the right."""

    right: Right

    async def __call__(self, request: Request) -> Caller:
        return caller_of(request)


Reader = Annotated[Caller, Depends(Needs(Right.READ))]
WorkReader = Annotated[Caller, Depends(Needs(Right.SEE_WORK))]
WaveReader = Annotated[Caller, Depends(Needs(Right.SEE_WAVES))]
OperationsReader = Annotated[Caller, Depends(Needs(Right.READ_OPERATIONS))]
Promiser = Annotated[Caller, Depends(Needs(Right.PROMISE))]
Canceler = Annotated[Caller, Depends(Needs(Right.CANCEL))]
Returner = Annotated[Caller, Depends(Needs(Right.ASK_RETURN))]
ReturnDecider = Annotated[Caller, Depends(Needs(Right.DECIDE_RETURN))]
DisputeTeller = Annotated[Caller, Depends(Needs(Right.TELL_DISPUTE))]
Forgiver = Annotated[Caller, Depends(Needs(Right.WRITE_OFF))]
Settler = Annotated[Caller, Depends(Needs(Right.SETTLE))]
CreditReader = Annotated[Caller, Depends(Needs(Right.READ_CREDITS))]
CreditIssuer = Annotated[Caller, Depends(Needs(Right.ISSUE_CREDITS))]
ReturnReceiver = Annotated[Caller, Depends(Needs(Right.RECEIVE_RETURN))]
ReasonWriter = Annotated[Caller, Depends(Needs(Right.WRITE_REASONS))]
Editor = Annotated[Caller, Depends(Needs(Right.EDIT))]
LinkSharer = Annotated[Caller, Depends(Needs(Right.SHARE_LINK))]
NoteWriter = Annotated[Caller, Depends(Needs(Right.NOTE))]
Exporter = Annotated[Caller, Depends(Needs(Right.WRITE_EXPORTS))]
Bulker = Annotated[Caller, Depends(Needs(Right.BULK))]
HoldReleaser = Annotated[Caller, Depends(Needs(Right.RELEASE_HOLD))]
Forcer = Annotated[Caller, Depends(Needs(Right.FORCE))]
Rejecter = Annotated[Caller, Depends(Needs(Right.REJECT))]
StockKeeper = Annotated[Caller, Depends(Needs(Right.KEEP_STOCK))]
ShortageDecider = Annotated[Caller, Depends(Needs(Right.DECIDE_SHORTAGE))]
ParcelSteerer = Annotated[Caller, Depends(Needs(Right.STEER_PARCELS))]
Warehouser = Annotated[Caller, Depends(Needs(Right.WORK_AT_LOCATION))]
Unmerger = Annotated[Caller, Depends(Needs(Right.UNMERGE))]
LabelPrinter = Annotated[Caller, Depends(Needs(Right.PRINT_LABEL))]
Voider = Annotated[Caller, Depends(Needs(Right.VOID_SHIPMENT))]
RuleReader = Annotated[Caller, Depends(Needs(Right.READ_RULES))]
RuleWriter = Annotated[Caller, Depends(Needs(Right.WRITE_RULES))]
ListingWriter = Annotated[Caller, Depends(Needs(Right.WRITE_LISTINGS))]
Subscriber = Annotated[Caller, Depends(Needs(Right.SUBSCRIBE))]
Redeliverer = Annotated[Caller, Depends(Needs(Right.REDELIVER))]
IntakeRetrier = Annotated[Caller, Depends(Needs(Right.RETRY_INTAKE))]


async def raw_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the raw body. A 413 as soon as it has more than `limit` bytes, a 408 when its sender takes too long, a 503
    when it was dropped to make room for others."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    services, parts, body = services_of(request), [], None
    deadline = services.settings.body_deadline.total_seconds()
    try:
        async with asyncio.timeout(deadline) as until:
            with services.bodies.reading(_sender(request), until) as body:
                async for part in request.stream():
                    parts.append(part)
                    body.add(len(part))
                    if body.size > limit:
                        raise _too_large(limit)
    except TimeoutError:
        if body is not None and body.dropped:
            detail = "more of unfinished bodies came than is held; send it in one go"
            raise Problem(BUSY, detail, headers={"Retry-After": "1", "Connection": "close"}) from None
        detail = f"a body is sent within {deadline:g} seconds"
        raise Problem(TOO_SLOW, detail, headers={"Connection": "close"}) from None
    raw = b"".join(parts)
    if not announced and "caller" in request.scope:
        services.quotas.charge(caller_of(request), "bytes", len(raw))
    return raw


def charge_items(request: Request, items: int) -> None:
    """Charge a batch by its items, less the one that every request is charged. A 429 for too many."""
    services_of(request).quotas.charge(caller_of(request), "items", items - 1)


def _sender(request: Request) -> str:
    caller: Caller | None = request.scope.get("caller")
    return caller.key_id if caller else request.client.host if request.client else ""


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"a body may have {limit} bytes", headers={"Connection": "close"})


async def read_body(request: Request, model: type[Body]) -> Body:
    """Return the body as `model`. A 422 names the fields at fault, at most the first 100."""
    raw = await raw_body(request)
    # Parsing a large body in the event loop would hold up other requests.
    return parse(raw, model) if len(raw) < SMALL_BODY_BYTES else await to_thread.run_sync(parse, raw, model)


def parse(raw: bytes, model: type[Body]) -> Body:
    if is_large(raw):
        check_shape(raw, model)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid_body(error) from None


async def commit(group: GroupCommit[Item, Answer], item: Item, weight: int = 1) -> Answer:
    """Commit an item together with others. A 503 when the queue is full or slow, or too many of its source fail."""
    try:
        return await group.submit(item, weight)
    except TooManyFail:
        detail = "too much that came together with this cannot be recorded; try again"
        raise Problem(BUSY, detail, headers={"Retry-After": "1"}) from None
    except QueueFull:
        raise Problem(BUSY, "the queue of the database is full; try again", headers={"Retry-After": "1"}) from None
    except NotInTime:
        detail = "the database did not answer in time; send the same again, it is taken once"
        raise Problem(UNAVAILABLE, detail, headers={"Retry-After": "5"}) from None
