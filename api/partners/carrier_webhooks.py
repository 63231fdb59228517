"""Kuaidi100 and SF Express push what became of a parcel, signed and answered in their own ways."""

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

LARGEST_PUSH, MOST_FIELDS = 256_000, 20
"""Bytes of a push and fields of a form: both are taken apart before anybody knows who sent them."""

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
    summary="Kuaidi100 tells where parcels are",
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
    """`sign` is the MD5 of `param` and our salt. A waybill that we do not know is kept and listed."""
    salt = _secret(services.settings.kuaidi100_salt, "kuaidi100")
    form = _read_form(await raw_body(request, LARGEST_PUSH))
    param, sign = form.get("param", [""])[-1], form.get("sign", [""])[-1]
    if not param:
        raise invalid("param", "this field is required")
    _believe(sign.upper(), _md5(param + salt).hex().upper())
    await _store(services, from_kuaidi100(parse(param.encode(), Kuaidi100Push)))
    return Kuaidi100Answer()


@router.post(
    "/webhooks/sf",
    summary="SF Express tells where parcels are",
    responses=responses({200: ("It is stored", examples.SF_ANSWER)}, NOT_FOUND, TOO_LARGE),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"example": examples.SF_PUSH}}}}
    | OPEN,
)
async def take_sf(request: Request, services: WithServices, timestamp: Signed = "", msgDigest: Signed = "") -> SfAnswer:
    """`msgDigest` is SF's digest of the body, `timestamp` and our check word, as it signs its own calls."""
    checkword = _secret(services.settings.sf_checkword, "sf")
    raw = await raw_body(request, LARGEST_PUSH)
    # As Java's URLEncoder writes it, which differs in two characters.
    text = quote_plus(raw.decode(errors="replace") + timestamp + checkword, safe="*").replace("~", "%7E")
    _believe(msgDigest, b64encode(_md5(text)).decode())
    await _store(services, from_sf(parse(raw, SfPush)))
    return SfAnswer()


def _read_form(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise invalid("body", f"has more than {MOST_FIELDS} fields") from None


def _secret(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise Problem(NOT_FOUND, f"no secret is set for {name}, so nothing of it can be believed")
    return secret.get_secret_value()


def _md5(text: str) -> bytes:
    # Theirs to choose: both sign by MD5.
    return md5(text.encode(), usedforsecurity=False).digest()


def _believe(told: str, right: str) -> None:
    if not compare_digest(told.encode(), right.encode()):
        raise Problem(UNAUTHENTICATED, "the signature is not made with our secret")


async def _store(services: Services, events: Sequence[NewEvent]) -> None:
    """All before the answer; what came before changes nothing."""
    await asyncio.gather(*(commit(services.events, event) for event in events))
