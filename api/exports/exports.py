"""Keep exports, look at their runs, have one run now. The relay keeps their schedules (relay/exports.py)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import Caller
from api.asking import answer_of
from api.bulk.choosing import NO_FILTERS, OF_PERSONS
from api.dependencies import Exporter, OperationsReader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, FieldError, Kind, Problem, invalid, invalid_fields
from api.exports import examples
from api.exports.schemas import ExportAnswer, ExportBody, ExportDeleted, RunAnswer, RunAsked
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, PathId, after, after_number, cut
from api.inside import scope_of
from api.openapi import json_body, responses
from api.schemas import Page
from api.sheets import PARAMETER
from domain.exports import check_folder
from domain.ids import new_export_id
from models.exports import ExportRow, ExportRunRow
from models.locks import Lock, wait_for_lock
from models.vault import SECRETS, each_secret, vault_of

router = APIRouter(tags=["exports"], route_class=OnceRoute)

MOST_EXPORTS = 100


@router.post(
    "/exports",
    status_code=201,
    summary="Keep an export",
    response_model=ExportAnswer,
    responses=responses(
        {201: ("It is written when it is due", examples.EXPORT | {"last_run": None})}, BAD_KEY, FORBIDDEN, REFUSED
    ),
    openapi_extra=json_body(ExportBody, examples.SENT),
)
async def create_export(request: Request, caller: Exporter, services: WithServices) -> ExportAnswer:
    """It reads the list as this key may, at the time of each run. Secrets of the target are encrypted and never shown
    again; to change an export, delete it and keep another one."""
    body = await read_body(request, ExportBody)
    _check_target(services, body)
    await _check_list(request, caller, body)
    return await run_in_threadpool(_create, services, caller, body)


@router.get(
    "/exports",
    summary="Exports, oldest first",
    responses=responses({200: ("One page", examples.EXPORTS)}, FORBIDDEN),
)
def list_exports(
    caller: OperationsReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[ExportAnswer]:
    """Each with its last run, so that a failure shows."""
    wanted = select(ExportRow).where(ExportRow.deleted_at.is_(None), *_visible(caller)).order_by(ExportRow.export_id)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(ExportRow.export_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted.limit(limit + 1)).all(), limit, lambda row: row.export_id)
        return Page(items=[_answer(session, row) for row in rows], next_cursor=following)


@router.get(
    "/exports/{export_id}",
    summary="One export",
    responses=responses({200: ("As it is kept", examples.EXPORT)}, FORBIDDEN, NOT_FOUND),
)
def read_export(export_id: PathId, caller: OperationsReader, services: WithServices) -> ExportAnswer:
    """With its last run."""
    with services.sessions() as session:
        return _answer(session, _find(session, export_id, caller))


@router.get(
    "/exports/{export_id}/runs",
    summary="Runs of an export, newest first",
    responses=responses({200: ("One page", examples.RUNS)}, FORBIDDEN, NOT_FOUND),
)
def list_runs(
    export_id: PathId, caller: OperationsReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[RunAnswer]:
    """The last 100 are kept."""
    wanted = select(ExportRunRow).where(ExportRunRow.export_id == export_id).order_by(ExportRunRow.run_id.desc())
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(ExportRunRow.run_id < last)
    with services.sessions() as session:
        _find(session, export_id, caller)
        rows, following = cut(session.scalars(wanted.limit(limit + 1)).all(), limit, lambda row: row.run_id)
    return Page(items=[RunAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.post(
    "/exports/{export_id}/run",
    status_code=202,
    summary="Write an export now",
    responses=responses({202: ("It begins", examples.ASKED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def run_now(export_id: PathId, caller: Exporter, services: WithServices) -> RunAsked:
    """Beside its schedule, unless it is being written; asked for twice at once, it is written once."""
    with services.sessions.begin() as session:
        _find(session, export_id, caller).run_asked_at = func.now()
    return RunAsked(export_id=export_id, answer="asked")


@router.delete(
    "/exports/{export_id}",
    summary="Delete an export",
    responses=responses({200: ("It is not written any more", examples.DELETED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def delete_export(export_id: PathId, caller: Exporter, services: WithServices) -> ExportDeleted:
    """Files that it wrote stay where they are."""
    with services.sessions.begin() as session:
        row = _find(session, export_id, caller)
        row.deleted_at, row.scheduled_at = func.now(), None
        # Its name is free at once.
        row.name = f"{row.name}/{row.export_id}"
    return ExportDeleted(export_id=export_id, answer="deleted")


def _check_target(services: Services, body: ExportBody) -> None:
    target = body.target
    if target.kind == "folder" and services.settings.exports_folder is None:
        raise invalid("target.kind", "BATON_EXPORTS_FOLDER is not set: there is no folder to write to")
    if target.kind == "sftp" and (target.secret is None) == (target.key is None):
        raise invalid("target.secret", "give either a password as `secret` or a private `key`")
    if target.kind == "s3" and target.folder:
        try:
            check_folder(target.folder)
        except ValueError as wrong:
            raise invalid("target.folder", str(wrong)) from None


async def _check_list(request: Request, caller: Caller, body: ExportBody) -> None:
    """Ask the list for its first row: what it would refuse later is refused now."""
    path = f"/{body.list}"
    lists = [route.path for route in request.app.routes if _is_list(route)]
    if path not in lists:
        raise invalid("list", "there is no such list")
    if wrong := sorted((NO_FILTERS | OF_PERSONS) & body.filter.keys()):
        raise invalid(f"filter.{wrong[0]}", "may name a person, or is no filter: it is not kept")
    answer = await answer_of(request.app, scope_of(caller, "GET", path, urlencode(_query(body.filter))))
    if answer.status_code != 200:
        problem = json.loads(bytes(answer.body))
        if errors := problem.get("errors"):
            named = [FieldError(field=f"filter.{one['field']}", message=one["message"]) for one in errors]
            raise invalid_fields(named)
        name = problem["type"].rpartition(":")[2]
        raise Problem(Kind(answer.status_code, name, problem["title"]), problem["detail"])


def _is_list(route: Any) -> bool:
    extra = (route.openapi_extra or {}) if isinstance(route, APIRoute) else {}
    return PARAMETER in extra.get("parameters", []) and "{" not in route.path


def _query(filter: Mapping[str, str | bool]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else str(value).lower() for name, value in filter.items()}


def _create(services: Services, caller: Caller, body: ExportBody) -> ExportAnswer:
    row = ExportRow(
        **body.model_dump(include={"name", "list", "format", "cron", "zone"}),
        export_id=new_export_id(),
        filter=_query(body.filter),
        key_id=caller.key_id,
        created_by=caller.name,
        channel=caller.channel,
    )
    try:
        with services.sessions.begin() as session:
            wait_for_lock(session, Lock.EXPORTS)
            kept = select(func.count()).select_from(ExportRow).where(ExportRow.deleted_at.is_(None))
            if (session.scalar(kept) or 0) >= MOST_EXPORTS:
                raise Problem(REFUSED, f"there are {MOST_EXPORTS} exports already; delete one")
            row.target = each_secret(body.target.model_dump(exclude_none=True), vault_of(session).seal)
            session.add(row)
            session.flush()
            session.refresh(row)
            return _answer(session, row)
    except IntegrityError:
        raise Problem(REFUSED, f"there is an export {body.name} already") from None


def _find(session: Session, export_id: str, caller: Caller) -> ExportRow:
    mine = ExportRow.export_id == export_id, ExportRow.deleted_at.is_(None), *_visible(caller)
    row = session.scalar(select(ExportRow).where(*mine))
    if row is None:
        raise Problem(NOT_FOUND, "there is no such export")
    return row


def _visible(caller: Caller) -> list[Any]:
    return [] if caller.channel is None else [ExportRow.channel == caller.channel]


def _answer(session: Session, row: ExportRow) -> ExportAnswer:
    runs = select(ExportRunRow).where(ExportRunRow.export_id == row.export_id).order_by(ExportRunRow.run_id.desc())
    last = session.scalar(runs.limit(1))
    names = ("export_id", "name", "list", "filter", "format", "cron", "zone", "created_at")
    shown = {name: value for name, value in row.target.items() if name not in SECRETS}
    mine = {name: getattr(row, name) for name in names}
    return ExportAnswer.model_validate(mine | {"target": shown, "by": row.created_by, "last_run": last})
