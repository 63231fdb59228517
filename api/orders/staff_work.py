"""Tags of orders and return cases, and who has taken them. No workflow is asked, so that it works after their end."""

from fastapi import APIRouter

from api.access import Caller
from api.dependencies import NoteWriter, Services, WithServices
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import responses
from api.orders import staff_work_examples as examples
from api.orders.staff_subjects import Find, ids_of, lock_subject, refuse_erased, the_case, the_order
from api.orders.staff_work_schemas import AssigneeAnswer, TagPath, TagsAnswer, TakeOver
from record.orders import staff_work
from record.orders.staff_work import MOST_TAGS, Subject

router = APIRouter(tags=["orders"], route_class=OnceRoute)

TAGGED = responses({200: ("Its tags as they are now", examples.TAGS)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED)
TAKEN = responses({200: ("Who has it now", examples.TAKEN)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED)


@router.put("/orders/{order_id}/tags/{tag}", summary="Tag an order", responses=TAGGED)
def tag_order(order_id: PathId, tag: TagPath, caller: NoteWriter, services: WithServices) -> TagsAnswer:
    """The order is not audited for it; an audit that comes for another reason reads the tags as they are then."""
    return _add_tag(services, the_order, order_id, tag, caller)


@router.delete("/orders/{order_id}/tags/{tag}", summary="Remove a tag from an order", responses=TAGGED)
def untag_order(order_id: PathId, tag: TagPath, caller: NoteWriter, services: WithServices) -> TagsAnswer:
    """Also one of the channel. A tag that is not there is removed already."""
    return _remove_tag(services, the_order, order_id, tag, caller)


@router.put("/returns/{return_id}/tags/{tag}", summary="Tag a return case", responses=TAGGED)
def tag_return(return_id: PathId, tag: TagPath, caller: NoteWriter, services: WithServices) -> TagsAnswer:
    """For finding it: no rule reads it."""
    return _add_tag(services, the_case, return_id, tag, caller)


@router.delete("/returns/{return_id}/tags/{tag}", summary="Remove a tag from a return case", responses=TAGGED)
def untag_return(return_id: PathId, tag: TagPath, caller: NoteWriter, services: WithServices) -> TagsAnswer:
    """A tag that is not there is removed already."""
    return _remove_tag(services, the_case, return_id, tag, caller)


@router.post("/orders/{order_id}/take", summary="Take an order", responses=TAKEN)
def take_order(
    order_id: PathId, caller: NoteWriter, services: WithServices, take_over: TakeOver = False
) -> AssigneeAnswer:
    """You take care of it until you give it back. A 409 names who has it already."""
    return _take(services, the_order, order_id, take_over, caller)


@router.post("/orders/{order_id}/give-back", summary="Give an order back", responses=TAKEN)
def give_order_back(order_id: PathId, caller: NoteWriter, services: WithServices) -> AssigneeAnswer:
    """A 409 if somebody else has it."""
    return _give_back(services, the_order, order_id, caller)


@router.post("/returns/{return_id}/take", summary="Take a return case", responses=TAKEN)
def take_return(
    return_id: PathId, caller: NoteWriter, services: WithServices, take_over: TakeOver = False
) -> AssigneeAnswer:
    """You take care of it until you give it back. A 409 names who has it already."""
    return _take(services, the_case, return_id, take_over, caller)


@router.post("/returns/{return_id}/give-back", summary="Give a return case back", responses=TAKEN)
def give_return_back(return_id: PathId, caller: NoteWriter, services: WithServices) -> AssigneeAnswer:
    """A 409 if somebody else has it."""
    return _give_back(services, the_case, return_id, caller)


def _add_tag(services: Services, find: Find, name: str, tag: str, caller: Caller) -> TagsAnswer:
    with services.sessions.begin() as session:
        subject = lock_subject(session, find, name, caller)
        refuse_erased(subject)
        if not staff_work.add_tag(session, subject, tag, caller.name):
            raise Problem(REFUSED, f"there are at most {MOST_TAGS} tags")
        return _tags(subject)


def _remove_tag(services: Services, find: Find, name: str, tag: str, caller: Caller) -> TagsAnswer:
    with services.sessions.begin() as session:
        subject = lock_subject(session, find, name, caller)
        staff_work.remove_tag(session, subject, tag, caller.name)
        return _tags(subject)


def _take(services: Services, find: Find, name: str, over: bool, caller: Caller) -> AssigneeAnswer:
    with services.sessions.begin() as session:
        subject = lock_subject(session, find, name, caller)
        if not staff_work.take(session, subject, caller.name, over=over):
            raise _others(subject)
        return _assignee(subject)


def _give_back(services: Services, find: Find, name: str, caller: Caller) -> AssigneeAnswer:
    with services.sessions.begin() as session:
        subject = lock_subject(session, find, name, caller)
        if not staff_work.give_back(session, subject, caller.name):
            raise _others(subject)
        return _assignee(subject)


def _others(subject: Subject) -> Problem:
    return Problem(REFUSED, f"{subject.row.assignee} has it; `take_over=true` takes it over")


def _tags(subject: Subject) -> TagsAnswer:
    return TagsAnswer.model_validate({**ids_of(subject), "tags": subject.row.tags})


def _assignee(subject: Subject) -> AssigneeAnswer:
    return AssigneeAnswer.model_validate({**ids_of(subject), "assignee": subject.row.assignee})
