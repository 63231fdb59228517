"""Webhooks of Kuaidi100 and SF Express with the tracking of parcels, signed and answered in their own ways."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from hashlib import md5
from hmac import compare_digest
from typing import Annotated
from urllib.parse import parse_qs, quote_plus

from fastapi import APIRouter, Query, Request
from pydantic import SecretStr

from api.dependencies import Services, WithServices, commit, parse, raw_body
from api.errors import NOT_FOUND, TOO_LARGE, UNAUTHENTICATED, Problem, invalid
from api.openapi import OPEN, responses
from api.partners.carrier_pushes import Kuaidi100Push, SfPush, from_kuaidi100, from_sf
from api.schemas import NO_CONTROLS, Answer
from api.shipping import carrier_examples as examples
from record.messages.partner_events import NewEvent

router = APIRouter(tags=["webhooks"])

MAX_PUSH_BYTES, MAX_FIELDS = 256_000, 20
"""Limits of a push and of its form, which is parsed before its signature is checked."""

Signed = Annotated[str, Query(max_length=100, pattern=NO_CONTROLS)]


class Kuaidi100Answer(Answer):
    result: bool = True
    returnCode: str = "200"
    message: str = "成功"


class SfAnswer(Answer):
    return_code: str = "0000"
    return_msg: str = "成功"


@router.post(
    "/webhooks/kuaidi100",
    summary="Tracking from Kuaidi100",
    responses=responses({200: ("It is stored", examples.KUAIDI100_ANSWER)}, NOT_FOUND, TOO_LARGE),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"example": examples.KUAIDI100_FORM}},
        }
    }
    | OPEN,
)
async def take_kuaidi100(request: Request, services: WithServices) -> Kuaidi100Answer:
    """`sign` is the MD5 of `param` and our salt. A push for an unknown waybill is kept and listed."""
    salt = _secret(services.settings.kuaidi100_salt, "kuaidi100")
    form = _read_form(await raw_body(request, MAX_PUSH_BYTES))
    param, sign = form.get("param", [""])[-1], form.get("sign", [""])[-1]
    if not param:
        raise invalid("param", "this field is required")
    _check_signature(sign.upper(), _md5(param + salt).hex().upper())
    await _store(services, from_kuaidi100(parse(param.encode(), Kuaidi100Push)))
    return Kuaidi100Answer()


@router.post(
    "/webhooks/sf",
    summary="Tracking from SF Express",
    responses=responses({200: ("It is stored", examples.SF_ANSWER)}, NOT_FOUND, TOO_LARGE),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"example": examples.SF_PUSH}}}}
    | OPEN,
)
async def take_sf(request: Request, services: WithServices, timestamp: Signed = "", msgDigest: Signed = "") -> SfAnswer:
    """`msgDigest` is SF's digest of the body, `timestamp` and our check word."""
    checkword = _secret(services.settings.sf_checkword, "sf")
    raw = await raw_body(request, MAX_PUSH_BYTES)
    # SF encodes with Java's URLEncoder, which differs in two characters.
    text = quote_plus(raw.decode(errors="replace") + timestamp + checkword, safe="*").replace("~", "%7E")
    _check_signature(msgDigest, b64encode(_md5(text)).decode())
    await _store(services, from_sf(parse(raw, SfPush)))
    return SfAnswer()


def _read_form(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise invalid("body", f"has more than {MAX_FIELDS} fields") from None


def _secret(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise Problem(NOT_FOUND, f"no secret is set for {name}, so nothing of it can be believed")
    return secret.get_secret_value()


def _md5(text: str) -> bytes:
    # Both carriers sign with MD5.
    return md5(text.encode(), usedforsecurity=False).digest()


def _check_signature(sent: str, expected: str) -> None:
    if not compare_digest(sent.encode(), expected.encode()):
        raise Problem(UNAUTHENTICATED, "the signature is not made with our secret")


async def _store(services: Services, events: Sequence[NewEvent]) -> None:
    """Store all events before the answer; repeats change nothing."""
    await asyncio.gather(*(commit(services.events, event) for event in events))
