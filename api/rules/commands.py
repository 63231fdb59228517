"""Commands on a version of the rules: try it on past orders, activate it, retire it."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import RuleWriter, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.rules import examples
from api.rules.answers import RuleSetSummary, TrialAnswer
from api.rules.rule_sets import RuleSetId, find_rule_set
from api.rules.schemas import ActivationBody, RetirementBody, TrialBody
from models.rules import RuleSetRow
from record.rules.confined import OverBudget
from record.rules.trials import try_set
from record.rules.versions import NotThatWay, activate, retire

router = APIRouter(tags=["rules"], route_class=OnceRoute)


@router.post(
    "/rule-sets/{rule_set_id}/trials",
    summary="Try a version on past orders",
    response_model=TrialAnswer,
    responses=responses({200: ("What it would change", examples.TRIED)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(TrialBody, examples.TRIAL),
)
async def try_rule_set(
    rule_set_id: RuleSetId, request: Request, caller: RuleWriter, services: WithServices
) -> TrialAnswer:
    """Compared with the active version over the same orders. The orders do not change."""
    body = await read_body(request, TrialBody)
    return await run_in_threadpool(_try, services, rule_set_id, body, caller)


@router.post(
    "/rule-sets/{rule_set_id}/activate",
    summary="Activate a version",
    response_model=RuleSetSummary,
    responses=responses({200: ("It is active", examples.ACTIVE)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(ActivationBody, examples.ACTIVATION),
)
async def activate_rule_set(
    rule_set_id: RuleSetId, request: Request, caller: RuleWriter, services: WithServices
) -> RuleSetSummary:
    """Within two seconds every audit uses it, and the version before is retired. A 409 when it was never tried."""
    body = await read_body(request, ActivationBody)
    return await run_in_threadpool(
        _change,
        services,
        rule_set_id,
        lambda session, row: activate(session, row, caller.name, body.reason, body.force),
    )


@router.post(
    "/rule-sets/{rule_set_id}/retire",
    summary="Retire a version",
    response_model=RuleSetSummary,
    responses=responses({200: ("It is retired", examples.RETIRED)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(RetirementBody, examples.RETIREMENT),
)
async def retire_rule_set(
    rule_set_id: RuleSetId, request: Request, caller: RuleWriter, services: WithServices
) -> RuleSetSummary:
    """While no version is active, audits use the built-in checks only. Holds that it raised stay."""
    body = await read_body(request, RetirementBody)
    return await run_in_threadpool(
        _change, services, rule_set_id, lambda session, row: retire(session, row, caller.name, body.reason)
    )


def _try(services: Services, rule_set_id: int, body: TrialBody, caller: Caller) -> TrialAnswer:
    with services.sessions.begin() as session:
        row = find_rule_set(session, rule_set_id)
        try:
            kept = try_set(session, row, body.orders, body.channel, caller.name, services.confined)
        except OverBudget:
            raise Problem(REFUSED, "its rules take too long on past orders") from None
        return TrialAnswer.model_validate(kept)


def _change(services: Services, rule_set_id: int, change: Callable[[Session, RuleSetRow], None]) -> RuleSetSummary:
    with services.sessions.begin() as session:
        row = find_rule_set(session, rule_set_id)
        try:
            change(session, row)
        except NotThatWay as refusal:
            raise Problem(REFUSED, str(refusal)) from None
        return RuleSetSummary.model_validate(row)
