"""Change a subscription, rotate its secret, end it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from api.access import Caller
from api.dependencies import Services, Subscriber, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import json_body, responses
from api.subscriptions import examples
from api.subscriptions.schemas import RotationBody, SubscriptionAnswer, SubscriptionChange, SubscriptionWithSecret
from api.subscriptions.subscriptions import (
    channel_of,
    check_overheard,
    check_url,
    find_subscription,
    may_tell_people,
    with_secret,
)
from record.subscriptions.keys import rotate as rotate_secret

router = APIRouter(tags=["subscriptions"], route_class=OnceRoute)

NULLABLE = ("channel",)


@router.patch(
    "/subscriptions/{subscription_id}",
    summary="Change a subscription",
    response_model=SubscriptionAnswer,
    responses=responses({200: ("As it stands now", examples.SUBSCRIPTION)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(SubscriptionChange, examples.CHANGE),
)
async def change_subscription(
    subscription_id: PathId, request: Request, caller: Subscriber, services: WithServices
) -> SubscriptionAnswer:
    """It applies to what is queued from now on; a new URL also to what is waiting."""
    body = await read_body(request, SubscriptionChange)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "channel" in changes:
        changes["channel"] = channel_of(caller, body.channel)
    may_tell_people(caller, bool(body.people))
    if body.url is not None:
        await check_url(services, body.url)
    return await run_in_threadpool(_change, services, caller, subscription_id, changes)


@router.delete(
    "/subscriptions/{subscription_id}",
    summary="End a subscription",
    responses=responses({200: ("As it was", examples.SUBSCRIPTION)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def end_subscription(subscription_id: PathId, caller: Subscriber, services: WithServices) -> SubscriptionAnswer:
    """Its deliveries are deleted with it, both the log and those that are waiting."""
    with services.sessions.begin() as session:
        row = find_subscription(session, subscription_id, caller)
        answer = SubscriptionAnswer.model_validate(row)
        session.delete(row)
    return answer


@router.post(
    "/subscriptions/{subscription_id}/secret",
    summary="Rotate the secret",
    response_model=SubscriptionWithSecret,
    responses=responses({200: ("With the new secret", examples.WITH_SECRET)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(RotationBody, examples.ROTATION),
)
async def rotate(
    subscription_id: PathId, request: Request, caller: Subscriber, services: WithServices
) -> SubscriptionWithSecret:
    """For some time messages are signed with both secrets, so that the receiver can switch at any moment."""
    body = await read_body(request, RotationBody)
    return await run_in_threadpool(_rotate, services, caller, subscription_id, body.overlap_seconds)


def _change(services: Services, caller: Caller, subscription_id: str, changes: dict[str, Any]) -> SubscriptionAnswer:
    with services.sessions.begin() as session:
        row = find_subscription(session, subscription_id, caller, lock=True)
        for name, value in changes.items():
            if value is not None or name in NULLABLE:
                setattr(row, name, value)
        if {"url", "people"} & changes.keys():
            check_overheard(services, row.url, row.people)
        if changes.get("active"):
            # It now belongs to this caller's key, since the key that created it may have ended.
            row.key_id, row.disabled_because, row.failures, row.not_before = caller.key_id, None, 0, None
        return SubscriptionAnswer.model_validate(row)


def _rotate(services: Services, caller: Caller, subscription_id: str, overlap_seconds: int) -> SubscriptionWithSecret:
    with services.sessions.begin() as session:
        row = find_subscription(session, subscription_id, caller, lock=True)
        secret = rotate_secret(session, row, overlap_seconds)
        session.flush()
        session.refresh(row)
        return with_secret(row, secret)
