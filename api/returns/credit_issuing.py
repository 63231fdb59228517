"""Staff issue store credits and gift cards, and find one by its code."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy.orm import Session

from api.access import Caller, Right
from api.dependencies import CreditIssuer, CreditReader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, OTHER_BODY, Problem, invalid
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.returns import credit_examples as examples
from api.returns.store_credits import Kind, StoreCreditPage, page_of
from api.schemas import Amount, Body, Currency, Reference
from domain.money import Money, NotMoney
from domain.parameters import read_parameters, valid_at
from domain.tenders import credit_id
from record.parameters import dated_rows
from record.returns.store_credits import IssuedCredit, OtherIssue, issue

router = APIRouter(tags=["returns"], route_class=OnceRoute)


class CreditIssueBody(Body):
    """A repeat of its `reference` issues nothing more."""

    reference: Annotated[Reference, Field(description="Your own number of this issue.")]
    kind: Kind = "store_credit"
    customer_id: Annotated[
        str, Field(max_length=100, pattern=r"^[!-?A-~]*$", description="Whose it is; empty for whoever has the code.")
    ] = ""
    amount: Amount
    currency: Currency


class CreditCodeBody(Body):
    code: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]


@router.post(
    "/store-credits",
    status_code=201,
    summary="Issue a store credit or a gift card",
    response_model=StoreCreditPage,
    responses=responses(
        {201: ("It is issued", examples.ISSUED), 200: ("It was issued before", examples.ISSUED)},
        BAD_KEY,
        FORBIDDEN,
        OTHER_BODY,
    ),
    openapi_extra=json_body(CreditIssueBody, examples.ISSUE),
)
async def issue_store_credit(
    request: Request, response: Response, caller: CreditIssuer, services: WithServices
) -> StoreCreditPage:
    """Up to the parameter `credit_limit`, if there is one; more needs the right `credits:any_amount`. The answer has
    the code, by which it is spent."""
    body = await read_body(request, CreditIssueBody)
    answer, new = await run_in_threadpool(_issue, services, caller, body)
    response.status_code = 201 if new else 200
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.post(
    "/store-credits/find",
    summary="Find a store credit by its code",
    response_model=StoreCreditPage,
    responses=responses({200: ("With its movements", examples.STORE_CREDIT)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(CreditCodeBody, examples.CODE),
)
async def find_store_credit(
    request: Request, response: Response, caller: CreditReader, services: WithServices
) -> StoreCreditPage:
    """The code is in the body, so that it is in no log of addresses."""
    body = await read_body(request, CreditCodeBody)
    response.headers["Cache-Control"] = "no-store"

    def find() -> StoreCreditPage:
        with services.sessions() as session:
            return page_of(session, credit_id(body.code))

    return await run_in_threadpool(find)


def _issue(services: Services, caller: Caller, body: CreditIssueBody) -> tuple[StoreCreditPage, bool]:
    amount = _amount(body)
    with services.sessions.begin() as session:
        if not caller.may(Right.ISSUE_ANY_CREDIT):
            _check_limit(session, amount)
        try:
            row, new = issue(session, IssuedCredit(body.reference, body.kind, body.customer_id, amount, caller.name))
        except OtherIssue:
            raise Problem(OTHER_BODY, "this reference came before with another issue") from None
        return page_of(session, row.credit_id), new


def _amount(body: CreditIssueBody) -> Money:
    try:
        amount = Money.parse(body.amount, body.currency)
    except NotMoney as error:
        raise invalid("amount", str(error)) from None
    if amount.minor_units <= 0:
        raise invalid("amount", "is not above zero")
    return amount


def _check_limit(session: Session, amount: Money) -> None:
    limits = read_parameters(valid_at(dated_rows(session), datetime.now(UTC))).credit_limit
    if limits and amount.minor_units > limits.get(amount.currency, 0):
        raise Problem(FORBIDDEN, "the amount is more than a key of this role may issue")
