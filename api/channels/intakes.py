"""Lists payloads of channels with their outcome, and tries them again after a fix."""

from datetime import datetime
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.channels import examples
from api.channels.taking import Sent, take
from api.channels.webhooks import IntakeTaken
from api.dependencies import IntakeRetrier, Reader, Services, WithServices
from api.errors import FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import responses
from api.schemas import Page
from models.channel import IntakeRow
from record.channels.accounts import find_account
from record.channels.reading import PAST

router = APIRouter(tags=["channels"])

Status = Literal["taken", "rejected", "ignored", "waiting", "retried"]


class IntakeAnswer(IntakeTaken):
    """One payload of a channel. `wanted` are the orders named by a thin event."""

    channel: str
    translator: str
    source: str
    kind: str
    wanted: list[dict[str, str]]
    tries: int
    received_at: datetime
    tried_at: datetime


class IntakeWithRaw(IntakeAnswer):
    """With the raw payload, for keys that may see people."""

    raw: str | None


@router.get(
    "/intakes",
    summary="Payloads of channels, newest first",
    responses=responses({200: ("One page", examples.INTAKES)}, FORBIDDEN),
)
def list_intakes(
    caller: Reader,
    services: WithServices,
    status: Annotated[Status | None, Query(description="`rejected` ones wait for a fix")] = None,
    channel: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IntakeAnswer]:
    """The raw payloads are not in the list, since they may name people."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads intakes of the channel {caller.channel}")
    wanted = select(IntakeRow).order_by(IntakeRow.intake_id.desc()).limit(limit + 1)
    if status is not None:
        wanted = wanted.where(IntakeRow.status == status)
    if (only := caller.channel or channel) is not None:
        wanted = wanted.where(IntakeRow.channel == only)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(IntakeRow.intake_id < last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.intake_id)
    return Page(items=[IntakeAnswer.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/intakes/{intake_id}",
    summary="One payload of a channel",
    responses=responses({200: ("As it came", examples.INTAKE_WITH_RAW)}, FORBIDDEN, NOT_FOUND),
)
def read_intake(intake_id: PathId, caller: Reader, services: WithServices) -> IntakeWithRaw:
    """With the raw payload, and the field that could not be read."""
    with services.sessions() as session:
        row = _find(session, intake_id, caller)
    shown = IntakeAnswer.model_validate(row).model_dump()
    return IntakeWithRaw(**shown, raw=row.raw.decode("utf-8", "replace") if caller.sees_people else None)


@router.post(
    "/intakes/{intake_id}/retry",
    summary="Try a payload again",
    responses=responses({200: ("What became of it", examples.TAKEN)}, FORBIDDEN, NOT_FOUND, REFUSED),
)
async def retry_intake(intake_id: PathId, caller: IntakeRetrier, services: WithServices) -> IntakeTaken:
    """After a fix of the account or the translator. An order taken before stays as it is."""
    row = await to_thread.run_sync(_load, services, intake_id, caller)
    if row.kind == PAST:
        raise Problem(REFUSED, "this is a past order: send it again with history=true")
    account = await to_thread.run_sync(find_account, services.sessions, row.channel)
    if account is None or row.source != "webhook":
        account = await to_thread.run_sync(find_account, services.sessions, row.channel, row.translator)
    assert account is not None
    [intake] = await take(services, account, [Sent(row.raw, row.headers, row.source, row.intake_id)])
    return IntakeTaken.model_validate(intake)


def _load(services: Services, intake_id: str, caller: Caller) -> IntakeRow:
    with services.sessions() as session:
        return _find(session, intake_id, caller)


def _find(session: Session, intake_id: str, caller: Caller) -> IntakeRow:
    row = session.get(IntakeRow, intake_id)
    if row is None or not caller.sees(row.channel):
        raise Problem(NOT_FOUND, "no such intake")
    return row
