"""Notes of staff about orders and return cases, with mentions and with attachments by reference."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.access import RIGHTS, Caller, Right
from api.dependencies import NoteWriter, Reader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid_fields
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, PathId, after_number, cut
from api.masking import visible_text
from api.openapi import json_body, responses
from api.orders import staff_work_examples as examples
from api.orders.staff_subjects import Find, ids_of, lock_subject, refuse_erased, the_case, the_order
from api.orders.staff_work_schemas import ROLE, NoteAnswer, NoteBody, NoteTold
from api.schemas import Page
from models.access import ApiKeyRow, is_in_force
from models.notes import NoteRow
from record.orders.staff_work import MOST_NOTES, NewNote, add_note

router = APIRouter(tags=["orders"], route_class=OnceRoute)

STAFF = [role.value for role, rights in RIGHTS.items() if Right.READ_OPERATIONS in rights]
"""The roles whose keys may be mentioned: not those of channels and stores."""
WRITTEN = responses({200: ("It is kept", examples.NOTED)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED)
SHOWN = responses({200: ("One page, the first one first", examples.NOTES)}, FORBIDDEN, NOT_FOUND)
NOTE_BODY = json_body(NoteBody, examples.NOTE)


@router.post(
    "/orders/{order_id}/notes",
    summary="Write a note about an order",
    response_model=NoteTold,
    responses=WRITTEN,
    openapi_extra=NOTE_BODY,
)
async def note_order(order_id: PathId, request: Request, caller: NoteWriter, services: WithServices) -> NoteTold:
    """At any time, also after its end. The same note again within ten minutes is the first one."""
    body = await read_body(request, NoteBody)
    return await run_in_threadpool(_write, services, the_order, order_id, body, caller)


@router.post(
    "/returns/{return_id}/notes",
    summary="Write a note about a return case",
    response_model=NoteTold,
    responses=WRITTEN,
    openapi_extra=NOTE_BODY,
)
async def note_return(return_id: PathId, request: Request, caller: NoteWriter, services: WithServices) -> NoteTold:
    """At any time, also after its end. The same note again within ten minutes is the first one."""
    body = await read_body(request, NoteBody)
    return await run_in_threadpool(_write, services, the_case, return_id, body, caller)


@router.get("/orders/{order_id}/notes", summary="Notes about an order", responses=SHOWN)
def list_order_notes(
    order_id: PathId, caller: Reader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[NoteAnswer]:
    """With those about its return cases."""
    return _list(services, the_order, order_id, caller, NoteRow.order_id == order_id, cursor, limit)


@router.get("/returns/{return_id}/notes", summary="Notes about a return case", responses=SHOWN)
def list_return_notes(
    return_id: PathId, caller: Reader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[NoteAnswer]:
    """Those about its order are there."""
    return _list(services, the_case, return_id, caller, NoteRow.return_id == return_id, cursor, limit)


def _write(services: Services, find: Find, name: str, body: NoteBody, caller: Caller) -> NoteTold:
    mentions = tuple(dict.fromkeys(body.mentions))
    with services.sessions.begin() as session:
        subject = lock_subject(session, find, name, caller)
        refuse_erased(subject)
        _check_mentions(session, body.mentions)
        note_id = add_note(session, subject, NewNote(body.words, mentions, body.attachments), caller.name)
        if note_id is None:
            raise Problem(REFUSED, f"an order has at most {MOST_NOTES:,} notes")
        return NoteTold.model_validate({**ids_of(subject), "note_id": note_id})


def _check_mentions(session: Session, mentions: tuple[str, ...]) -> None:
    """A 422 for names that no key of staff in force has."""
    names = select(ApiKeyRow.name).where(ApiKeyRow.name.in_(mentions), ApiKeyRow.role.in_(STAFF), is_in_force())
    known = set(session.scalars(names)) if mentions else set()
    unknown = [place for place, name in enumerate(mentions) if name not in known and not name.startswith(ROLE)]
    if unknown:
        message = "not the name of a key of staff that is in force, nor a role such as role:finance"
        raise invalid_fields([{"field": f"mentions[{place}]", "message": message} for place in unknown])


def _list(
    services: Services,
    find: Find,
    name: str,
    caller: Caller,
    which: ColumnElement[bool],
    cursor: str | None,
    limit: int,
) -> Page[NoteAnswer]:
    notes = select(NoteRow).where(which)
    if (last := after_number(cursor)) is not None:
        notes = notes.where(NoteRow.note_id > last)
    with services.sessions() as session:
        find(session, name, caller)
        rows = session.scalars(notes.order_by(NoteRow.note_id).limit(limit + 1)).all()
    page, next_cursor = cut(rows, limit, lambda row: row.note_id)
    return Page(items=[_answer(row, caller) for row in page], next_cursor=next_cursor)


def _answer(row: NoteRow, caller: Caller) -> NoteAnswer:
    return NoteAnswer(
        order_id=row.order_id,
        return_id=row.return_id,
        note_id=row.note_id,
        by=row.actor,
        at=row.at,
        words=visible_text(caller, row.words),
        mentions=row.mentions,
        attachments=[visible_text(caller, reference) for reference in row.attachments],
    )
