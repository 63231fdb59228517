"""Webhooks of channels: the signature of the raw body is checked, then it becomes an order, a change or a kept
intake."""

from collections.abc import Mapping

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
from integrations.channels.proofs import opened
from integrations.channels.sealed import SealedMessages
from record.channels.accounts import Account, find_account

router = APIRouter(tags=["channels"])


class IntakeTaken(Answer):
    """The outcome of a payload. A `rejected` one is kept with the field at fault, to be tried again here; it need not
    be sent again. A `waiting` one only named its order, which is fetched."""

    intake_id: str
    status: str
    order_id: str | None
    channel_order_id: str | None
    field: str | None
    reason: str | None


@router.post(
    "/channels/{channel}/webhooks",
    status_code=202,
    summary="Webhooks of a channel",
    response_model=IntakeTaken,
    responses=responses({202: ("It is kept", examples.TAKEN)}, NOT_FOUND, TOO_LARGE, BUSY),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"example": examples.SENT}}}}
    | {"parameters": [ANY_QUERY]}
    | OPEN,
)
async def take_channel_webhook(channel: PathId, request: Request, services: WithServices) -> Response:
    """In the platform's own format, with its own signature. Orders are taken in, other events are carried to their
    order once it is there, and what cannot be read is kept. A platform that insists on an answer of its own gets that,
    with 200."""
    account = await to_thread.run_sync(find_account, services.sessions, channel)
    if account is None or account.signature is None:
        raise Problem(NOT_FOUND, "this channel has no account that webhooks could come from")
    raw, headers = await raw_body(request), dict(request.headers)
    message = signed_message(account, headers, dict(request.query_params), raw)
    if message is None:
        raise Problem(UNAUTHENTICATED, "the signature is not the channel's")
    for unit, amount in (("requests", 1), ("items", 1), ("bytes", len(raw))):
        services.quotas.charge_channel(channel, unit, amount)
    [intake] = await take(services, account, [Sent(message, headers, WEBHOOK)])
    if answer := account.translator.answer:
        return Response(answer, 200, media_type="application/json" if answer.startswith("{") else "text/plain")
    return Response(IntakeTaken.model_validate(intake).model_dump_json(), 202, media_type="application/json")


def signed_message(account: Account, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> bytes | None:
    """Return the body as the platform wrote it; None if the platform did not sign it."""
    # An account may be older than the minimum length of secrets.
    if account.signature is None or not is_secret(account.secret):
        return None
    return opened(account.signature, account.secret, headers, query, raw)


@router.get("/channels/{channel}/webhooks", include_in_schema=False, openapi_extra={"parameters": [ANY_QUERY]} | OPEN)
async def prove_webhook_address(channel: PathId, request: Request, services: WithServices) -> Response:
    """WeChat asks once whether this address knows the account's secret, and wants its text back."""
    account = await to_thread.run_sync(find_account, services.sessions, channel)
    if account is None or not isinstance(account.signature, SealedMessages):
        raise Problem(NOT_FOUND, "this channel does not ask so")
    echo = account.signature.echo(account.secret, dict(request.query_params)) if is_secret(account.secret) else None
    if echo is None:
        raise Problem(UNAUTHENTICATED, "the signature is not the channel's")
    services.quotas.charge_channel(channel, "requests", 1)
    return Response(echo, media_type="text/plain")
