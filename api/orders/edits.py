"""Edit an order before its goods leave: a preview, then a confirmation that is refused if the order has moved on."""

from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Caller, Right
from api.dependencies import Editor, Reader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, FieldError, Problem
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, PathId, after_number, cut
from api.masking import visible_text
from api.openapi import json_body, responses
from api.orders import edit_examples as examples
from api.orders.commands import links_of
from api.orders.edit_schemas import EditBody, EditPreviewAnswer, EditTold, PaymentLinkAnswer, VersionAnswer
from api.orders.updates import ask_order
from api.orders.view import find_order
from api.schemas import Page
from domain.editing.preview import EditPreview, FieldRefusal
from domain.money import Money
from domain.parameters import read_parameters, valid_at
from domain.promises import Promised
from domain.returns.refunds import paid_by_unit
from models.edits import OrderEditRow
from models.order import OrderRow
from record.order_mapping import lock_order
from record.orders import edits, payment_links
from record.orders.edit_writing import APPLIED, PLACED
from record.orders.promises import at_another_place
from record.parameters import dated_rows
from workflows.messages import EditAnswer, EditWanted

router = APIRouter(tags=["orders"], route_class=OnceRoute)


@router.post(
    "/orders/{order_id}/edits",
    summary="Preview an edit of an order",
    response_model=EditPreviewAnswer,
    responses=responses(
        {200: ("What it would do; nothing is changed yet", examples.PREVIEW)}, BAD_KEY, FORBIDDEN, NOT_FOUND
    ),
    openapi_extra=json_body(EditBody, examples.EDIT),
)
async def preview_edit(order_id: PathId, request: Request, caller: Editor, services: WithServices) -> EditPreviewAnswer:
    """Lines, address, contact, delivery, amounts and notes. The edit is stored, and made once it is confirmed."""
    body = await read_body(request, EditBody)
    return await run_in_threadpool(propose, services, caller, order_id, body)


@router.post(
    "/orders/{order_id}/edits/{edit_id}/confirm",
    summary="Make an edit that was previewed",
    response_model=EditTold,
    responses=responses(
        {
            200: ("The order is edited", examples.MADE),
            202: ("Sent; the order has not answered yet", examples.MADE | {"answer": "pending"}),
        },
        BAD_KEY,
        FORBIDDEN,
        NOT_FOUND,
        REFUSED,
    ),
)
async def confirm_edit(
    order_id: PathId, edit_id: PathId, response: Response, caller: Editor, services: WithServices
) -> EditTold:
    """All of it or nothing. A 409 names the field and why, also when the order has changed since the preview."""
    told = await confirm(services, caller, order_id, edit_id)
    if told.answer == "pending":
        response.status_code = 202
    return told


async def confirm(services: Services, caller: Caller, order_id: str, edit_id: str) -> EditTold:
    """Make an edit for this caller, whose right was checked. Raises a Problem that names the field if it is refused."""
    order, state = await run_in_threadpool(_confirmed, services, order_id, edit_id, caller)
    answer = EditAnswer("done")
    if state != APPLIED:
        asked = await ask_order(services, order, "edit_order", EditWanted(edit_id), EditAnswer, f"edit:{edit_id}")
        answer = asked or EditAnswer("pending")
    if answer.answer == "refused":
        raise _refused(FieldRefusal(answer.about, answer.refusal))
    return await run_in_threadpool(_told, services, order, edit_id, answer.answer)


@router.get(
    "/orders/{order_id}/versions",
    summary="The versions of an order: who changed what, when and why",
    responses=responses(
        {200: ("The edits that were made, the first one first", examples.VERSIONS)}, FORBIDDEN, NOT_FOUND
    ),
)
def list_versions(
    order_id: PathId, caller: Reader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[VersionAnswer]:
    """By staff, customer service and the channel. The order as it was placed is version 0 and not in the list."""
    made = select(OrderEditRow).where(OrderEditRow.order_id == order_id, OrderEditRow.state == APPLIED)
    if (last := after_number(cursor)) is not None:
        made = made.where(OrderEditRow.number > last)
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        rows = session.scalars(made.order_by(OrderEditRow.number).limit(limit + 1)).all()
    page, next_cursor = cut(rows, limit, lambda row: row.number)
    return Page(items=[_version(row, order, caller) for row in page], next_cursor=next_cursor)


def propose(services: Services, caller: Caller, order_id: str, body: EditBody) -> EditPreviewAnswer:
    """Store an edit of this caller, whose right was checked, and return what it would do."""
    with services.sessions.begin() as session:
        find_order(session, order_id, caller)
        order = lock_order(session, order_id)
        wanted = body.to_edit(order.currency)
        edit_id = _edit_id(session, order, body, caller)
        edit, seen = edits.propose(session, order, wanted, edit_id, edits.API, caller.name, body.reason)
        now = Promised(order.promised_ship_by, order.promised_deliver_by)
        then = at_another_place(session, order, wanted.ship_to)[0] if wanted.ship_to else now
        return _preview(services, order, edit, seen, now, then)


def _edit_id(session: Session, order: OrderRow, body: EditBody, caller: Caller) -> str:
    """Return the same id for the same request, until an edit of the order is answered or the order changes."""
    answered = OrderEditRow.order_id == order.order_id, OrderEditRow.answered_at.is_not(None)
    before = session.scalar(select(func.count()).where(*answered))
    text = f"{order.version}\n{before}\n{caller.name}\n{body.model_dump_json()}"
    return f"{order.order_id}-E-{sha256(text.encode()).hexdigest()[:16]}"


def _confirmed(services: Services, order_id: str, edit_id: str, caller: Caller) -> tuple[OrderRow, str]:
    """Return the order and the state of its edit. A Problem if it cannot be made any more, or not by this caller."""
    with services.sessions.begin() as session:
        order = find_order(session, order_id, caller)
        edit = edits.edit_of(session, order_id, edit_id)
        if edit is None:
            raise Problem(NOT_FOUND, "the order has no such edit")
        if edit.state in (edits.REFUSED, edits.SUPERSEDED):
            raise _refused(FieldRefusal(edit.refused_field, edit.refusal))
        if edit.state == edits.PROPOSED and not caller.may(Right.EDIT_ANY_AMOUNT):
            _check_limit(session, order, edit)
        session.expunge(order)
        return order, edit.state


def payment_link_of(services: Services, order_id: str) -> PaymentLinkAnswer | None:
    """Return where the customer pays what edits charge; None if nothing is to be paid."""
    with services.sessions() as session:
        link = payment_links.open_link(session, order_id)
    if link is None:
        return None
    amount = Money(link.amount_minor, link.currency).text
    return PaymentLinkAnswer(reference=link.reference, url=link.url, amount=amount, currency=link.currency)


def _told(services: Services, order: OrderRow, edit_id: str, answer: str) -> EditTold:
    link = payment_link_of(services, order.order_id)
    told = {"answer": answer, "edit_id": edit_id, "payment_link": link, "links": links_of(services, order)}
    return EditTold.model_validate(told)


def _check_limit(session: Session, order: OrderRow, edit: OrderEditRow) -> None:
    limits = read_parameters(valid_at(dated_rows(session), datetime.now(UTC))).edit_limit
    if not limits or not edit.difference_minor:
        return
    limit = limits.get(order.currency, 0)
    if abs(edits.difference_so_far(session, order.order_id, limit) + edit.difference_minor) > limit:
        raise Problem(FORBIDDEN, "with this edit the total is changed by more than a key of this role may")


def _refused(refusal: FieldRefusal) -> Problem:
    error: FieldError = {"field": refusal.field, "message": refusal.message}
    return Problem(REFUSED, f"{refusal.field}: {refusal.message}", [error])


def _preview(
    services: Services, order: OrderRow, edit: OrderEditRow, seen: EditPreview, now: Promised, then: Promised
) -> EditPreviewAnswer:
    return EditPreviewAnswer.model_validate(
        {
            "edit_id": edit.edit_id,
            "state": edit.state,
            "base_version": edit.base_version,
            "fields": edit.fields,
            "refusals": [{"field": one.field, "message": one.message} for one in seen.refusals],
            "currency": order.currency,
            "before": seen.before.text,
            "after": seen.after.text,
            "difference": seen.difference.text,
            "repay": seen.repay.text,
            "charge": seen.charge.text,
            "lines": _lines(seen),
            "claims": dict(seen.claims),
            "recall": list(seen.recall),
            "audited_again": seen.judge,
            "sourced_again": seen.sourced_again,
            "promised": asdict(then),
            "promised_before": asdict(now),
            "links": links_of(services, order),
        }
    )


def _lines(seen: EditPreview) -> list[dict[str, object]]:
    order, withdrawn, by_unit = seen.edited.order, seen.edited.withdrawn, paid_by_unit(seen.edited.order)
    return [
        {
            "line_no": line.line_no,
            "sku": line.sku,
            "quantity": line.quantity - withdrawn.get(line.line_no, 0),
            "pays": sum(by_unit[line.line_no][withdrawn.get(line.line_no, 0) :], Money(0, order.currency)).text,
        }
        for line in order.lines
    ]


def _version(row: OrderEditRow, order: OrderRow, caller: Caller) -> VersionAnswer:
    was = {name: value for name, value in row.was.items() if name != PLACED}
    wanted = {name: value for name, value in row.wanted.items() if name != "said"}
    values = {"was": was, "wanted": wanted} if caller.sees_people else {"was": {}, "wanted": {}}
    return VersionAnswer.model_validate(
        {
            "version": row.version,
            "edit_id": row.edit_id,
            "at": row.answered_at,
            "by": row.actor,
            "source": row.source,
            "reason": visible_text(caller, row.reason),
            "fields": row.fields,
            "difference": Money(row.difference_minor, order.currency).text,
            **values,
        }
    )
