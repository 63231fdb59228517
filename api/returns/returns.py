"""Read one return case, or a list of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import WithServices, WorkReader
from api.errors import FORBIDDEN, NOT_FOUND, Problem, invalid
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import responses
from api.orders import examples
from api.orders.orders import LIST_SECONDS
from api.orders.staff_filters import AssigneeQuery, MentionsQuery, NotesQuery, case_conditions
from api.returns.schemas import ReturnAnswer
from api.returns.view import return_answers, visible_to, waiting_return
from api.schemas import Page
from domain.returns.kinds import ReturnKind
from domain.status import ReturnStatus
from models.database import TookTooLong, bounded_read
from models.returns import ReturnRow

router = APIRouter(tags=["returns"])

# Alert codes of a case's missed deadlines; each stays until what was due is done.
OVERDUE = ("APPROVAL_LATE", "ARRIVAL", "INSPECTION_LATE", "REFUND_LATE")


@router.get(
    "/returns/{return_id}",
    summary="One return case",
    responses=responses({200: ("The case as it stands", examples.RETURN)}, FORBIDDEN, NOT_FOUND),
)
def read_return(return_id: PathId, caller: WorkReader, services: WithServices) -> ReturnAnswer:
    """A case just requested through the API is found at once, with the status `requested`."""
    with services.sessions() as session:
        which = [ReturnRow.return_id == return_id, *visible_to(caller)]
        case = next(iter(return_answers(session, caller, *which)), None) or waiting_return(session, return_id, caller)
    if case is None:
        raise Problem(NOT_FOUND, "there is no such return")
    return case


@router.get(
    "/returns",
    summary="Return cases, newest order first",
    responses=responses({200: ("One page", examples.RETURNS)}, FORBIDDEN),
)
def list_returns(
    caller: WorkReader,
    services: WithServices,
    status: ReturnStatus | None = None,
    order_id: Filter = None,
    kind: ReturnKind | None = None,
    reason: Annotated[Filter, Query(description="A code of GET /return-reasons")] = None,
    tag: Filter = None,
    assignee: AssigneeQuery = None,
    mentions: MentionsQuery = None,
    has_notes: NotesQuery = None,
    overdue: Annotated[bool, Query(description="Only cases that have missed a deadline")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReturnAnswer]:
    """Cases that have started; one that was requested a moment ago may not be listed yet."""
    which = [*visible_to(caller), *case_conditions(tag, assignee, mentions, has_notes)]
    if status is not None:
        which.append(ReturnRow.status == status)
    if order_id is not None:
        which.append(ReturnRow.order_id == order_id)
    if kind is not None:
        which.append(ReturnRow.kind == kind)
    if reason is not None:
        which.append(ReturnRow.reason_code == reason)
    if overdue:
        which.append(ReturnRow.attention_code.in_(OVERDUE))
    if (last := after(cursor)) is not None:
        which.append(ReturnRow.return_id < last)
    try:
        with bounded_read(services.sessions, LIST_SECONDS) as session:
            found = return_answers(session, caller, *which, limit=limit + 1)
    except TookTooLong:
        raise invalid("query", "it reads too much: add an order, a status or a tag") from None
    cases, next_cursor = cut(found, limit, lambda case: case.return_id)
    return Page(items=cases, next_cursor=next_cursor)
