"""Commands to a running case: approve, reject, cancel. Each is an update that the case may refuse."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.access import Caller, Right
from api.dependencies import ReturnDecider, Returner, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import Responses, json_body, responses
from api.orders.updates import answer_of, unnaming, until_heard
from api.returns import examples
from api.returns.view import find_return
from api.schemas import Answer, Body, Prose
from domain import ids
from domain.parameters import read_parameters, valid_at
from domain.returns.exchange import ExchangeTerms
from domain.returns.kinds import KINDS, RefundTo, Remedy, ReturnKind, carried_out_as
from domain.status import ReturnStatus
from models.order import OrderRow
from models.returns import ReturnRow
from record.parameters import dated_rows
from record.returns.exchanges import difference_of, names_prices
from workflows.return_messages import CaseCancel, CaseVerdict

router = APIRouter(tags=["returns"], route_class=OnceRoute)

KEPT = "Kept in the history: name nobody."


class ApproveReturnBody(Body):
    """`refund_to` changes where the money goes; `remedy` is for warranty cases, which are refunded without one."""

    note: Annotated[Prose, Field(max_length=300, description=KEPT)] = ""
    refund_to: Annotated[RefundTo | None, Field(strict=False)] = None
    remedy: Annotated[Remedy | None, Field(strict=False)] = None


class EndReturnBody(Body):
    reason: Annotated[Prose, Field(min_length=1, max_length=300, description=KEPT)]


class ReturnTold(Answer):
    """`status` of the case; null while it has not answered yet."""

    return_id: str
    status: str | None


def _responses(good: str) -> Responses:
    answers = {
        200: (good, examples.TOLD),
        202: ("Sent; the case has not answered yet", examples.TOLD | {"status": None}),
    }
    return responses(answers, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED)


@router.post(
    "/returns/{return_id}/approve",
    summary="Approve a return",
    response_model=ReturnTold,
    responses=_responses("Approved; the case goes on"),
    openapi_extra=json_body(ApproveReturnBody, examples.APPROVE),
)
async def approve_return(
    return_id: PathId, request: Request, response: Response, caller: ReturnDecider, services: WithServices
) -> ReturnTold:
    """For cases above the limits of the terms. A 409 when the case does not wait for a decision, a 403 when the price
    of what an exchange sends differs by more than the parameter `edit_limit` and this key may not edit any amount."""
    body = await read_body(request, ApproveReturnBody)
    case, order = await run_in_threadpool(_case, services, return_id, caller)
    if fault := _wrong_remedy(case, order, body.remedy):
        raise invalid("remedy", fault)
    await run_in_threadpool(_check_limit, services, case, order, caller)
    verdict = CaseVerdict(True, caller.name, body.note, body.refund_to or "", body.remedy or "")
    return await _ask(services, return_id, caller, response, "decide", verdict, body.note)


@router.post(
    "/returns/{return_id}/reject",
    summary="Reject a return",
    response_model=ReturnTold,
    responses=_responses("Rejected; the customer is told why"),
    openapi_extra=json_body(EndReturnBody, examples.REJECT),
)
async def reject_return(
    return_id: PathId, request: Request, response: Response, caller: ReturnDecider, services: WithServices
) -> ReturnTold:
    """A 409 when the case does not wait for a decision."""
    body = await read_body(request, EndReturnBody)
    verdict = CaseVerdict(False, caller.name, body.reason)
    return await _ask(services, return_id, caller, response, "decide", verdict, body.reason)


@router.post(
    "/returns/{return_id}/cancel",
    summary="Cancel a return",
    response_model=ReturnTold,
    responses=_responses("Canceled: its label is void, and goods reserved for it are free again"),
    openapi_extra=json_body(EndReturnBody, examples.CANCEL),
)
async def cancel_return(
    return_id: PathId, request: Request, response: Response, caller: Returner, services: WithServices
) -> ReturnTold:
    """A 409 when the goods are on the road, or money was paid back."""
    body = await read_body(request, EndReturnBody)
    cancel = CaseCancel(body.reason, caller.name)
    return await _ask(services, return_id, caller, response, "cancel", cancel, body.reason)


async def _ask(
    services: Services, return_id: str, caller: Caller, response: Response, update: str, question: object, why: str
) -> ReturnTold:
    case, order = await run_in_threadpool(_case, services, return_id, caller)
    # The same request is the same update, but a refusal counts only while the case's status is the same.
    digest = sha256(f"{question}\n{case.status}\n{why}".encode()).hexdigest()[:24]
    workflow_id = ids.return_workflow_id(order.channel, order.channel_order_id, case.case_id)
    handle = services.temporal.get_workflow_handle(workflow_id)
    call = until_heard(
        lambda: handle.execute_update(
            update,
            unnaming(question, order),
            id=f"{update}:{digest}",
            result_type=str,
            rpc_timeout=services.settings.rpc_timeout,
        )
    )
    ended = Problem(REFUSED, f"the case is {ReturnStatus(case.status)}, and nothing is at work on it")
    status = await answer_of(call, "the case refused", ended)
    if status is None:
        response.status_code = 202
    return ReturnTold(return_id=return_id, status=status)


def _check_limit(services: Services, case: ReturnRow, order: OrderRow, caller: Caller) -> None:
    if caller.may(Right.EDIT_ANY_AMOUNT):
        return
    with services.sessions() as session:
        if not names_prices(session, case):
            return
        limits = read_parameters(valid_at(dated_rows(session), datetime.now(UTC))).edit_limit
        price = difference_of(session, case, ExchangeTerms(), order.currency)
    if limits and abs(price.out - price.value) > limits.get(order.currency, 0):
        raise Problem(FORBIDDEN, "the prices differ by more than a key of this role may approve")


def _wrong_remedy(case: ReturnRow, order: OrderRow, remedy: Remedy | None) -> str:
    if remedy and case.kind != ReturnKind.WARRANTY:
        return "only a warranty case has one"
    abroad = order.import_minor is not None
    if abroad and KINDS[carried_out_as(case.kind, remedy or "")].replaces:
        return "goods that crossed the border are returned, not exchanged"
    return ""


def _case(services: Services, return_id: str, caller: Caller) -> tuple[ReturnRow, OrderRow]:
    with services.sessions() as session:
        return find_return(session, return_id, caller)
