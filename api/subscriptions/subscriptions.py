"""Create and read subscriptions to events of orders."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import Services, Subscriber, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, TOO_MANY, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, PathId, after, cut
from api.openapi import json_body, responses
from api.rate_limits import too_many
from api.schemas import Page
from api.subscriptions import examples
from api.subscriptions.schemas import SubscriptionAnswer, SubscriptionBody, SubscriptionState, SubscriptionWithSecret
from domain.ids import new_subscription_id
from models.locks import Lock, wait_for_lock
from models.subscription import PARKED, WAITING, DeliveryRow, SubscriptionRow
from models.vault import vault_of
from record.horizon import newest
from record.subscriptions.keys import new_secret
from record.subscriptions.log import position_before
from record.subscriptions.queue import FULL
from record.subscriptions.targets import check_target

router = APIRouter(tags=["subscriptions"], route_class=OnceRoute)

S = SubscriptionRow


@router.post(
    "/subscriptions",
    status_code=201,
    summary="Subscribe to events of orders",
    response_model=SubscriptionWithSecret,
    responses=responses({201: ("Events are sent from now on", examples.WITH_SECRET)}, BAD_KEY, FORBIDDEN, TOO_MANY),
    openapi_extra=json_body(SubscriptionBody, examples.SUBSCRIPTION_BODY),
)
async def subscribe(request: Request, caller: Subscriber, services: WithServices) -> SubscriptionWithSecret:
    """CloudEvents, signed by Standard Webhooks, in sequence for each order, at least once."""
    body = await read_body(request, SubscriptionBody)
    channel = channel_of(caller, body.channel)
    may_tell_people(caller, body.people)
    check_overheard(services, body.url, body.people)
    await check_url(services, body.url)
    return await run_in_threadpool(_create, services, caller, body, channel)


@router.get(
    "/subscriptions",
    summary="Subscriptions, oldest first",
    responses=responses({200: ("One page, oldest first", examples.SUBSCRIPTIONS)}, FORBIDDEN),
)
def list_subscriptions(
    caller: Subscriber, services: WithServices, channel: Filter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[SubscriptionAnswer]:
    """A channel's key sees the subscriptions of its channel."""
    wanted = select(S).order_by(S.subscription_id).limit(limit + 1)
    if (only := caller.channel or channel) is not None:
        wanted = wanted.where(S.channel == only)
    if (last := after(cursor)) is not None:
        wanted = wanted.where(S.subscription_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.subscription_id)
    return Page(items=[SubscriptionAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.get(
    "/subscriptions/{subscription_id}",
    summary="One subscription, with what is waiting for it",
    responses=responses({200: ("As it stands now", examples.STATE)}, FORBIDDEN, NOT_FOUND),
)
def read_subscription(subscription_id: PathId, caller: Subscriber, services: WithServices) -> SubscriptionState:
    """Its secret is not shown again: rotate it."""
    with services.sessions() as session:
        row = find_subscription(session, subscription_id, caller)
        fields = SubscriptionAnswer.model_validate(row).model_dump()
        return SubscriptionState(
            **fields, waiting=_count(session, row, WAITING, FULL), parked=_count(session, row, PARKED, 1_000_000)
        )


def find_subscription(session: Session, subscription_id: str, caller: Caller, lock: bool = False) -> SubscriptionRow:
    """Return the subscription. A 404 if it does not exist or the caller may not see it."""
    row = session.get(SubscriptionRow, subscription_id, with_for_update=lock)
    if row is None or (caller.channel is not None and row.channel != caller.channel):
        raise Problem(NOT_FOUND, "there is no such subscription")
    return row


def channel_of(caller: Caller, channel: str | None) -> str | None:
    """Return the channel whose events the caller gets; None is all. A 403 for another channel than its own."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key hears of orders of the channel {caller.channel}")
    return caller.channel or channel


def may_tell_people(caller: Caller, people: bool) -> None:
    """Raise a 403 if events with people are wanted by a caller who may not see people."""
    if people and not caller.sees_people:
        raise Problem(FORBIDDEN, f"a key of the role {caller.role} does not see who receives the goods")


def check_overheard(services: Services, url: str, people: bool) -> None:
    """Raise a 422 if people would be sent unencrypted."""
    if people and not url.startswith("https:") and not services.settings.subscriptions_private:
        raise invalid("url", "begins with https:// where people are told")


async def check_url(services: Services, url: str) -> None:
    """Raise a 422 for a URL that leads nowhere, or to a private network that subscribers must not make us call."""
    try:
        await check_target(url, services.settings.subscriptions_private)
    except ValueError as refused:
        raise invalid("url", str(refused)) from None


def with_secret(row: SubscriptionRow, secret: str) -> SubscriptionWithSecret:
    """Return the subscription with its secret, which is shown only once."""
    return SubscriptionWithSecret(**SubscriptionAnswer.model_validate(row).model_dump(), secret=secret)


def _create(services: Services, caller: Caller, body: SubscriptionBody, channel: str | None) -> SubscriptionWithSecret:
    with services.sessions.begin() as session:
        _check_number(session, caller, services.settings.subscriptions_most)
        last, secret = newest(session), new_secret()
        row = SubscriptionRow(
            **body.model_dump(exclude={"channel", "since"}),
            subscription_id=new_subscription_id(),
            channel=channel,
            secret=vault_of(session).seal(secret),
            position=position_before(session, body.since, last) if body.since else last,
            created_by=caller.name,
            key_id=caller.key_id,
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        return with_secret(row, secret)


def _check_number(session: Session, caller: Caller, most: int) -> None:
    """Raise a 429 when the caller's channel, or a key without a channel, has all the subscriptions it may have."""
    # Without the lock two at once could both take the last place.
    wait_for_lock(session, Lock.SUBSCRIPTIONS)
    mine = S.channel == caller.channel if caller.channel else S.key_id == caller.key_id
    if (session.scalar(select(func.count()).where(mine)) or 0) >= most:
        raise too_many(f"there are {most} subscriptions already; delete one", 60)


def _count(session: Session, row: SubscriptionRow, state: str, most: int) -> int:
    which = select(DeliveryRow.delivery_id).where(
        DeliveryRow.subscription_id == row.subscription_id, DeliveryRow.state == state
    )
    return session.scalar(select(func.count()).select_from(which.limit(most).subquery())) or 0
