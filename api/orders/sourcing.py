"""Sourcing decisions of an order, and trials of other weights or policies on past decisions."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select

from api.access import Caller
from api.dependencies import Reader, RuleWriter, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.orders import sourcing_examples as examples
from api.orders.sourcing_schemas import (
    LinkBody,
    SourcingAnswer,
    SourcingDecisionAnswer,
    SourcingTrialAnswer,
    SourcingTrialBody,
    WeightsBody,
)
from api.orders.view import find_order
from domain.sourcing.policies import Chain, Link
from domain.sourcing.weights import Weights, read_weights
from models.sourcing import SourcingDecisionRow
from record.sourcing.in_force import house_chain, house_weights
from record.sourcing.trials import Past, Try, try_sourcing

router = APIRouter(tags=["sourcing"], route_class=OnceRoute)


@router.get(
    "/orders/{order_id}/sourcing",
    summary="Why these locations were chosen",
    responses=responses({200: ("All decisions, the first one first", examples.DECISIONS)}, FORBIDDEN, NOT_FOUND),
)
def read_sourcing(order_id: PathId, caller: Reader, services: WithServices) -> SourcingAnswer:
    """Every round of allocation with its candidates, their costs by term, and why other locations were excluded.

    A channel's key sees only what was decided, since candidates are compared by stock and load of all channels.
    """
    rows = select(SourcingDecisionRow).where(SourcingDecisionRow.order_id == order_id)
    with services.sessions() as session:
        find_order(session, order_id, caller)
        decisions = [_decision(row, caller) for row in session.scalars(rows.order_by(SourcingDecisionRow.round))]
    return SourcingAnswer(order_id=order_id, decisions=decisions)


@router.post(
    "/sourcing/trials",
    summary="Try another sourcing on past orders",
    response_model=SourcingTrialAnswer,
    responses=responses({200: ("Side by side with what was done", examples.TRIED)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(SourcingTrialBody, examples.TRIAL),
)
async def try_other_sourcing(request: Request, caller: RuleWriter, services: WithServices) -> SourcingTrialAnswer:
    """Decide again with other weights or policies, on the inputs of recorded decisions. The orders do not change."""
    body = await read_body(request, SourcingTrialBody)
    return await run_in_threadpool(_try, services, body)


def _decision(row: SourcingDecisionRow, caller: Caller) -> SourcingDecisionAnswer:
    decision = SourcingDecisionAnswer.model_validate(row)
    if caller.channel is None:
        return decision
    return decision.model_copy(update={"scores": [], "excluded": {}, "inputs": {}})


def _try(services: Services, body: SourcingTrialBody) -> SourcingTrialAnswer:
    with services.sessions() as session:
        weights, chain = house_weights(session), house_chain(session)
        tries = _tries(body, weights, chain)
        past = Past(body.orders, body.channel, body.since, body.until)
        return SourcingTrialAnswer.model_validate(try_sourcing(session, past, tries, read_weights(weights)))


def _tries(body: SourcingTrialBody, weights: Mapping[str, Any], chain: Chain) -> list[Try]:
    return [
        Try(one.name, tuple([_link(policy) for policy in one.policies]) or chain, _weights(weights, one.weights))
        for one in body.tries
    ]


def _link(policy: str | LinkBody) -> Link:
    return Link(policy) if isinstance(policy, str) else Link(policy.policy, policy.most_parcels)


def _weights(in_force: Mapping[str, Any], changes: WeightsBody) -> Weights:
    """Return the weights in force with the changes of a try."""
    fields = changes.model_dump(exclude_none=True)
    percent = {**in_force.get("percent", {}), **fields.pop("percent", {})}
    return read_weights({**in_force, **fields, "percent": percent})
