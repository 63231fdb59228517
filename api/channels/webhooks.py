"""Channels push: the signature is checked on the raw body, then it is read, taken in or kept, and answered."""

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.channels import examples
from api.channels.taking import WEBHOOK, Sent, take
from api.dependencies import WithServices, raw_body
from api.errors import BUSY, NOT_FOUND, TOO_LARGE, UNAUTHENTICATED, Problem
from api.inputs import PathId
from api.openapi import OPEN, responses
from api.parameter_check import ANY_QUERY
from api.schemas import Answer
from domain.secrets import is_secret
from record.channels.accounts import Account, find_account
from record.channels.intakes import Intake

router = APIRouter(tags=["channels"])


class IntakeTaken(Answer):
    """What became of a payload. `rejected` is kept with the field at fault and may be tried again; it need not be
    sent again. `waiting` only named its order, which is fetched."""

    intake_id: str
    status: str
    order_id: str | None
    channel_order_id: str | None
    field: str | None
    reason: str | None


@router.post(
    "/channels/{channel}/webhooks",
    status_code=202,
    summary="A channel tells something of an order",
    response_model=IntakeTaken,
    responses=responses({202: ("It is kept", examples.TAKEN)}, NOT_FOUND, TOO_LARGE, BUSY),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"example": examples.SENT}}}}
    | {"parameters": [ANY_QUERY]}
    | OPEN,
)
async def take_channel_webhook(channel: PathId, request: Request, services: WithServices) -> Response:
    """In the platform's own words and signed in its own way. Orders are taken in, other news are carried to the order
    once it is there, and what cannot be read is kept."""
    account = await to_thread.run_sync(find_account, services.sessions, channel)
    if account is None or account.signature is None:
        raise Problem(NOT_FOUND, "this channel has no account that webhooks could come from")
    raw, headers = await raw_body(request), dict(request.headers)
    if not _believed(account, headers, raw):
        raise Problem(UNAUTHENTICATED, "the signature is not the channel's")
    for unit, amount in (("requests", 1), ("items", 1), ("bytes", len(raw))):
        services.quotas.charge_channel(channel, unit, amount)
    [intake] = await take(services, account, [Sent(raw, headers, WEBHOOK)])
    return Response(told(intake).model_dump_json(), 202, media_type="application/json")


def told(intake: Intake) -> IntakeTaken:
    return IntakeTaken.model_validate(intake)


def _believed(account: Account, headers: dict[str, str], raw: bytes) -> bool:
    assert account.signature is not None
    # An account may have been opened before secrets had a least length.
    return is_secret(account.secret) and account.signature.verify(account.secret, headers, raw)
