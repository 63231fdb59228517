"""Bulks: ask for one, look at it and its results, cancel it. The relay has it carried out (activities/bulks.py)."""

import json
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import Caller
from api.bulk import examples
from api.bulk.choosing import choose, shown
from api.bulk.commands import COMMANDS, Command
from api.bulk.dry_run import preview
from api.bulk.schemas import BulkAnswer, BulkBody, BulkPreview, BulkResult, BulkState, ItemState, Name
from api.dependencies import Bulker, Reader, Services, WithServices, read_body
from api.errors import (
    BAD_KEY,
    FORBIDDEN,
    NOT_FOUND,
    OTHER_REQUEST,
    REFUSED,
    TOO_MANY,
    Problem,
    invalid,
    invalid_body,
)
from api.idempotency import HEADER, OnceRoute, read_key
from api.inputs import Cursor, Limit, PathId, after, after_number, cut
from api.masking import visible_text
from api.openapi import json_body, responses
from api.schemas import Page
from domain.bulk import MOST_OPEN
from domain.ids import new_bulk_id
from models.bulk import BulkItemRow, BulkRow
from record import bulks
from record.bulks import FREE_TEXT

router = APIRouter(tags=["bulk"], route_class=OnceRoute)

ABOUT_THE_BULK = {"command", "filter", "ids", "dry_run"}


@router.post(
    "/bulk",
    status_code=202,
    summary="One command for many orders, cases or payloads",
    response_model=BulkAnswer | BulkPreview,
    responses=responses(
        {
            200: ("With `dry_run`: what would be done", examples.PREVIEW),
            202: ("It is written down, and begins within a second or two", examples.BULK),
        },
        BAD_KEY,
        FORBIDDEN,
    ),
    openapi_extra=json_body(BulkBody, examples.CANCEL),
)
async def create_bulk(
    request: Request, response: Response, caller: Bulker, services: WithServices
) -> BulkAnswer | BulkPreview:
    """Each act is what a single call would do, with the rights of this key, and by its name. What the filter finds now
    is fixed; what comes later is not part of it. It needs an Idempotency-Key, unless it is a dry run: the same request
    again is the same bulk."""
    body = await read_body(request, BulkBody)
    command = COMMANDS[body.command]
    if not caller.may(command.right):
        raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not {body.command}")
    given = _parameters(body, command)
    if (body.filter is None) == (body.ids is None):
        raise invalid("filter", "give either a filter or ids")
    if body.dry_run:
        ids = await _ids(request, body, command)
        response.status_code = 200
        return await run_in_threadpool(preview, services.sessions, caller, body.command, given, ids)
    if (key := request.headers.get(HEADER)) is None:
        raise Problem(BAD_KEY, "a bulk needs an `Idempotency-Key`: a quoted string of your choice")
    bulk = BulkRow(
        bulk_id=new_bulk_id(),
        command=body.command,
        parameters=given,
        filter=None if body.filter is None else shown(body.filter),
        key_id=caller.key_id,
        actor=caller.name,
        channel=caller.channel,
        request_key=sha256(read_key(key).encode()).hexdigest(),
        fingerprint=sha256(body.model_dump_json().encode()).hexdigest(),
    )
    same = await run_in_threadpool(_same, services, bulk)
    if same is None:
        same = await run_in_threadpool(_write, services, bulk, await _ids(request, body, command))
    return answer(same, caller)


@router.get("/bulk", summary="Bulks, newest first", responses=responses({200: ("One page", examples.BULKS)}, FORBIDDEN))
def list_bulks(
    caller: Reader,
    services: WithServices,
    command: Name | None = None,
    ended: Annotated[bool | None, Query(description="Whether they have ended")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BulkAnswer]:
    """A key of a channel sees those of its channel. They are kept for a while after they ended."""
    wanted = select(BulkRow).order_by(BulkRow.bulk_id.desc()).limit(limit + 1)
    if caller.channel is not None:
        wanted = wanted.where(BulkRow.channel == caller.channel)
    if command is not None:
        wanted = wanted.where(BulkRow.command == command)
    if ended is not None:
        wanted = wanted.where(BulkRow.ended_at.is_not(None) if ended else BulkRow.ended_at.is_(None))
    if (last := after(cursor)) is not None:
        wanted = wanted.where(BulkRow.bulk_id < last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.bulk_id)
    return Page(items=[answer(row, caller) for row in rows], next_cursor=following)


@router.get(
    "/bulk/{bulk_id}",
    summary="One bulk",
    responses=responses({200: ("As it stands", examples.BULK)}, FORBIDDEN, NOT_FOUND),
)
def read_bulk(bulk_id: PathId, caller: Reader, services: WithServices) -> BulkAnswer:
    """With the number of its items in each state."""
    with services.sessions() as session:
        return answer(_find(session, bulk_id, caller), caller)


@router.get(
    "/bulk/{bulk_id}/results",
    summary="What became of each item",
    responses=responses({200: ("One page, in the sequence of the bulk", examples.RESULTS)}, FORBIDDEN, NOT_FOUND),
)
def list_results(
    bulk_id: PathId,
    caller: Reader,
    services: WithServices,
    state: ItemState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[BulkResult]:
    """One line for each order, case or payload."""
    wanted = select(BulkItemRow).where(BulkItemRow.bulk_id == bulk_id).order_by(BulkItemRow.item_no).limit(limit + 1)
    if state is not None:
        wanted = wanted.where(BulkItemRow.state == state)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(BulkItemRow.item_no > last)
    with services.sessions() as session:
        _find(session, bulk_id, caller)
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.item_no)
    return Page(items=[_result(row) for row in rows], next_cursor=following)


@router.post(
    "/bulk/{bulk_id}/cancel",
    summary="Cancel a bulk",
    responses=responses({200: ("What is not done yet is left", examples.BULK)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def cancel_bulk(bulk_id: PathId, caller: Bulker, services: WithServices) -> BulkAnswer:
    """It ends before its next acts; what is done stays done. A 409 if it has ended."""
    with services.sessions.begin() as session:
        bulk = _find(session, bulk_id, caller)
        if bulk.ended_at is not None:
            raise Problem(REFUSED, "the bulk has ended")
        bulks.ask_cancel(session, bulk, caller.name)
        session.flush()
        session.refresh(bulk)
        return answer(bulk, caller)


def answer(bulk: BulkRow, caller: Caller) -> BulkAnswer:
    state: BulkState = "ended" if bulk.ended_at else "canceling" if bulk.cancel_asked_at else "running"
    given = {
        name: visible_text(caller, value) if name in FREE_TEXT else value for name, value in bulk.parameters.items()
    }
    mine = {name: getattr(bulk, name) for name in ("bulk_id", "command", "filter", "total", "created_at", "ended_at")}
    return BulkAnswer.model_validate(
        mine
        | {"parameters": given, "by": bulk.actor, "state": state, "canceled_by": bulk.canceled_by}
        | {"counts": bulks.counts_of(bulk)}
    )


async def _ids(request: Request, body: BulkBody, command: Command) -> list[str]:
    """Return each id once."""
    return list(dict.fromkeys(body.ids)) if body.ids is not None else await choose(request, command, body.filter or {})


def _parameters(body: BulkBody, command: Command) -> dict[str, Any]:
    """Return what the command takes. A 422 names what it does not take, or lacks."""
    given = body.model_dump(mode="json", exclude_none=True, exclude=ABOUT_THE_BULK)
    if wrong := sorted(given.keys() - command.parameters):
        raise invalid(wrong[0], f"{body.command} does not take it")
    if missing := [name for name in command.in_path if name not in given]:
        raise invalid(missing[0], f"{body.command} needs it")
    if command.body is not None:
        try:
            command.body.model_validate_json(json.dumps({n: v for n, v in given.items() if n not in command.in_path}))
        except ValidationError as error:
            raise invalid_body(error) from None
    return given


def _same(services: Services, bulk: BulkRow) -> BulkRow | None:
    """Return the bulk that was asked for before by this Idempotency-Key. A 429 when too many are at work."""
    with services.sessions() as session:
        same = bulks.find_same(session, bulk.key_id, bulk.request_key)
        if same is not None and same.fingerprint != bulk.fingerprint:
            raise Problem(OTHER_REQUEST, "this Idempotency-Key came before with another request")
        if same is None and bulks.count_open(session, bulk.key_id) >= MOST_OPEN:
            detail = f"{MOST_OPEN} bulks of this key are at work: wait until one has ended"
            raise Problem(TOO_MANY, detail, headers={"Retry-After": "60"})
    return same


def _write(services: Services, bulk: BulkRow, ids: list[str]) -> BulkRow:
    try:
        with services.sessions.begin() as session:
            bulks.write_bulk(session, bulk, ids)
            session.refresh(bulk)
        return bulk
    except IntegrityError:
        # The same request came at the same time, and was first.
        same = _same(services, bulk)
        if same is None:
            raise
        return same


def _find(session: Session, bulk_id: str, caller: Caller) -> BulkRow:
    bulk = session.get(BulkRow, bulk_id)
    if bulk is None or caller.channel not in (None, bulk.channel):
        raise Problem(NOT_FOUND, "there is no such bulk")
    return bulk


def _result(row: BulkItemRow) -> BulkResult:
    names = ("item_no", "state", "code", "detail", "settled_at")
    return BulkResult(id=row.subject_id, **{name: getattr(row, name) for name in names})
