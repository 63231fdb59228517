"""Refunds that a person pays at a channel: what is to be paid, and that it was."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import Reader, Services, Settler, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, after_number, cut
from api.openapi import json_body, responses
from api.payments import examples
from api.schemas import REFERENCE, Answer, Body, Page
from domain.money import Money
from models.order import OrderRow
from models.payment import AskedRefundRow
from models.refunds import RefundTaskRow
from record.order_mapping import lock_order
from record.orders import refund_tasks

router = APIRouter(tags=["payments"], route_class=OnceRoute)
T = RefundTaskRow


class RefundTask(Answer):
    """A refund to pay at the channel. `why`: `terms` of payment, `no_adapter` for the channel's refunds, or the code by
    which the channel refused. `left` is what nobody has paid yet; `done_by` is who said that it was paid: a person, or
    the channel itself."""

    task_id: int
    order_id: str
    channel: str
    channel_order_id: str
    payment_reference: str
    return_id: str | None
    amount: str
    left: str
    currency: str
    why: str
    opened_at: datetime
    due_at: datetime
    reminders: int
    done_at: datetime | None
    done_by: str
    reference: str


class RefundPaidBody(Body):
    reference: Annotated[
        str, Field(min_length=1, max_length=100, pattern=REFERENCE, description="By which the channel knows the refund")
    ]


@router.get(
    "/refund-tasks",
    summary="Refunds to pay at channels, the first one first",
    responses=responses({200: ("One page", examples.TASKS)}, FORBIDDEN),
)
def list_refund_tasks(
    caller: Reader,
    services: WithServices,
    open_only: bool = True,
    channel: Filter = None,
    order_id: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RefundTask]:
    """A key of a channel sees those of its own orders."""
    wanted = _tasks(caller).order_by(T.task_id).limit(limit + 1)
    if open_only:
        wanted = wanted.where(T.done_at.is_(None))
    if channel is not None:
        wanted = wanted.where(OrderRow.channel == channel)
    if order_id is not None:
        wanted = wanted.where(T.order_id == order_id)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(T.task_id > last)
    with services.sessions() as session:
        rows, following = cut(session.execute(wanted).all(), limit, lambda row: row[0].task_id)
    return Page(items=[_answer(row) for row in rows], next_cursor=following)


@router.post(
    "/refund-tasks/{task_id}/done",
    summary="Book that a refund was paid at the channel",
    response_model=RefundTask,
    responses=responses({200: ("It is booked", examples.DONE)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(RefundPaidBody, examples.PAID),
)
async def book_refund_task(
    task_id: Annotated[int, Path(ge=1, lt=2**63)], request: Request, caller: Settler, services: WithServices
) -> RefundTask:
    """All that is left of it counts as paid. A 409 when it was booked before with another reference."""
    body = await read_body(request, RefundPaidBody)
    return await run_in_threadpool(_book, services, caller, task_id, body.reference)


def _book(services: Services, caller: Caller, task_id: int, reference: str) -> RefundTask:
    with services.sessions.begin() as session:
        task = _lock(session, caller, task_id)
        if task.done_at is None:
            refund_tasks.pay(session, task, refund_tasks.left(session, task.key), reference, caller.name)
        elif task.reference != reference:
            raise Problem(REFUSED, f"it was booked as paid by {task.done_by}: {task.reference}")
        session.flush()
        return _answer(session.execute(_tasks(caller).where(T.task_id == task_id)).one())


def _lock(session: Session, caller: Caller, task_id: int) -> RefundTaskRow:
    """Return the task as it is now, with its order locked."""
    found = session.execute(_tasks(caller).where(T.task_id == task_id)).first()
    if found is None:
        raise Problem(NOT_FOUND, "there is no such task")
    lock_order(session, found[0].order_id)
    session.refresh(found[0])
    return found[0]  # type: ignore[no-any-return]


def _tasks(caller: Caller) -> Select[Any]:
    A = AskedRefundRow
    left = select(func.coalesce(func.sum(A.amount_minor), 0)).where(A.key == T.key).scalar_subquery()
    wanted = select(T, OrderRow.channel, OrderRow.channel_order_id, OrderRow.payment_reference, left.label("left"))
    wanted = wanted.join(OrderRow, OrderRow.order_id == T.order_id)
    return wanted if caller.channel is None else wanted.where(OrderRow.channel == caller.channel)


def _answer(row: Row[Any]) -> RefundTask:
    task, order = row[0], {name: getattr(row, name) for name in ("channel", "channel_order_id", "payment_reference")}
    amounts = {"amount": Money(task.amount_minor, task.currency), "left": Money(int(row.left), task.currency)}
    return RefundTask.model_validate(vars(task) | order | {name: one.text for name, one in amounts.items()})
