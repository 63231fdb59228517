"""Commands on a version of the rules: try it on past orders, activate it, retire it, look again at what it held."""

import asyncio
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
from api.rules.answers import LookedAgain, RetiredRuleSet, RuleSetSummary, TrialAnswer
from api.rules.rule_sets import RuleSetId, find_rule_set
from api.rules.schemas import ActivationBody, RetirementBody, TrialBody
from models.rules import RuleSetRow
from record.rules.confined import OverBudget
from record.rules.holds_alone import held_orders, look_again, seconds_retired
from record.rules.staff_rules import RECHECK_SECONDS
from record.rules.trials import try_set
from record.rules.versions import NotThatWay, activate, retire

router = APIRouter(tags=["rules"], route_class=OnceRoute)

SETTLED_SECONDS = RECHECK_SECONDS + 1
"""Seconds after its retirement in which no audit uses a version any more."""


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
    response_model=RetiredRuleSet,
    responses=responses({200: ("It is retired", examples.RETIRED_NOW)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
    openapi_extra=json_body(RetirementBody, examples.RETIREMENT),
)
async def retire_rule_set(
    rule_set_id: RuleSetId, request: Request, caller: RuleWriter, services: WithServices
) -> RetiredRuleSet:
    """While no version is active, audits use the built-in checks only. Holds that it raised stay, until somebody
    releases them or the orders that only they hold are looked at again."""
    body = await read_body(request, RetirementBody)
    return await run_in_threadpool(_retire, services, rule_set_id, body, caller)


@router.post(
    "/rule-sets/{rule_set_id}/look-again",
    summary="Audit again what only a retired version holds",
    response_model=LookedAgain,
    responses=responses(
        {200: ("They are audited again", examples.LOOKED_AGAIN)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED
    ),
)
async def look_again_at_held(
    rule_set_id: RuleSetId, request: Request, caller: RuleWriter, services: WithServices
) -> LookedAgain:
    """Orders that nothing but its rules hold, up to 1,000 at a time, the oldest first: what is active now judges them,
    and those that nothing holds any more go on. Safe to repeat."""
    ago = await run_in_threadpool(_seconds_retired, services, rule_set_id)
    # Until then an audit may still be by the retired version.
    await asyncio.sleep(max(0.0, SETTLED_SECONDS - ago))
    return await run_in_threadpool(_look_again, services, rule_set_id, caller)


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


def _retire(services: Services, rule_set_id: int, body: RetirementBody, caller: Caller) -> RetiredRuleSet:
    done = _change(services, rule_set_id, lambda session, row: retire(session, row, caller.name, body.reason))
    with services.sessions() as session:
        return RetiredRuleSet(**dict(done), held_orders=held_orders(session, rule_set_id))


def _seconds_retired(services: Services, rule_set_id: int) -> float:
    with services.sessions() as session:
        row = find_rule_set(session, rule_set_id)
        # Any other is refused below, at once.
        return seconds_retired(session, rule_set_id) if row.status == "retired" else SETTLED_SECONDS


def _look_again(services: Services, rule_set_id: int, caller: Caller) -> LookedAgain:
    with services.sessions.begin() as session:
        try:
            asked, left = look_again(session, find_rule_set(session, rule_set_id), caller.name)
        except NotThatWay as refusal:
            raise Problem(REFUSED, str(refusal)) from None
    return LookedAgain(asked=asked, left=left)
