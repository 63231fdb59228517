"""The list of return reasons, which staff maintain and customers choose from."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, field_validator
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from api.dependencies import Reader, ReasonWriter, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.returns import examples
from api.schemas import NO_CONTROLS, Answer, Body, Page
from models.returns import ReturnReasonRow, ReturnRow

router = APIRouter(tags=["returns"], route_class=OnceRoute)

Fault = Literal["customer", "shop", "carrier"]


class ReasonBody(Body):
    """Goods that are returned by the shop's or carrier's fault are never excluded and cost no fee."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    meaning: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]
    fault: Fault
    needs_evidence: bool = False


class ReasonsBody(Body):
    """The whole new list; a reason that it does not name is no longer offered."""

    reasons: Annotated[list[ReasonBody], Field(min_length=1, max_length=200)]

    @field_validator("reasons")
    @classmethod
    def _each_once(cls, reasons: list[ReasonBody]) -> list[ReasonBody]:
        if len({reason.code for reason in reasons}) < len(reasons):
            raise ValueError("a code is named twice")
        return reasons


class ReasonAnswer(Answer):
    code: str
    meaning: str
    fault: Fault
    needs_evidence: bool
    set_by: str
    set_at: datetime


@router.get(
    "/return-reasons",
    summary="Reasons for a return",
    responses=responses({200: ("All that are offered", examples.REASONS)}, FORBIDDEN),
)
def list_reasons(caller: Reader, services: WithServices) -> Page[ReasonAnswer]:
    """Ordered by code; a short list, on one page."""
    return _reasons(services)


@router.put(
    "/return-reasons",
    summary="Replace the list of reasons",
    response_model=Page[ReasonAnswer],
    responses=responses({200: ("The list as it is now", examples.REASONS)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(ReasonsBody, examples.REASONS_BODY),
)
async def keep_reasons(request: Request, caller: ReasonWriter, services: WithServices) -> Page[ReasonAnswer]:
    """A reason that is left out is no longer offered, but is kept for cases that named it."""
    body = await read_body(request, ReasonsBody)
    return await run_in_threadpool(_keep, services, body, caller.name)


def _keep(services: Services, body: ReasonsBody, actor: str) -> Page[ReasonAnswer]:
    with services.sessions.begin() as session:
        named = select(ReturnRow.reason_code)
        session.execute(delete(ReturnReasonRow).where(ReturnReasonRow.code.not_in(named)))
        session.execute(update(ReturnReasonRow).values(active=False))
        for reason in body.reasons:
            values = {**reason.model_dump(), "active": True, "set_by": actor, "set_at": func.now()}
            row = insert(ReturnReasonRow).values(values)
            session.execute(row.on_conflict_do_update(index_elements=["code"], set_=values))
    return _reasons(services)


def _reasons(services: Services) -> Page[ReasonAnswer]:
    with services.sessions() as session:
        rows = session.scalars(select(ReturnReasonRow).where(ReturnReasonRow.active).order_by(ReturnReasonRow.code))
        return Page(items=[ReasonAnswer.model_validate(row) for row in rows], next_cursor=None)
