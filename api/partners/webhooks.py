"""Webhooks of partners: the signature of the raw body is checked, then the body is parsed, stored once and answered."""

import asyncio
from functools import cache

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json
from standardwebhooks import Webhook as Signature
from standardwebhooks import WebhookVerificationError

from api import examples
from api.dependencies import commit, parse, raw_body, services_of
from api.direct import DirectRoute
from api.errors import NOT_FOUND, TOO_LARGE, UNAUTHENTICATED, Problem, invalid, invalid_fields
from api.inputs import PathId
from api.openapi import OPEN, json_bodies, responses
from api.partners.webhook_schemas import MAX_EVENT_ID, TypeOnly, WebhookBatch, WebhookBody
from api.partners.webhook_types import WEBHOOKS
from api.schemas import Answer
from record.messages.partner_events import NewEvent
from settings import Partner

router = APIRouter(tags=["webhooks"], route_class=DirectRoute)

SIGNED = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")


class WebhookStored(Answer):
    """`stored` is false when this webhook came before; either way it need not be sent again."""

    stored: bool


ANSWERS = TypeAdapter(list[WebhookStored])


@router.post(
    "/webhooks/{partner}",
    summary="Webhooks of partners",
    response_model=WebhookStored | list[WebhookStored],
    responses=responses({200: ("It is stored", {"stored": True})}, NOT_FOUND, TOO_LARGE),
    openapi_extra=json_bodies((WebhookBody, WebhookBatch), examples.WEBHOOK) | OPEN,
)
async def take_webhook(partner: PathId, request: Request) -> Response:
    """Signed by Standard Webhooks; kept even if its order has not come yet. docs/partners.md has the types of each
    partner: wms, tms, payments, crm and erp. A list of up to 100, each with its `id`, is checked as a whole and
    answered by a list. After a 503 send it again: each is kept once."""
    if partner not in WEBHOOKS:
        raise Problem(NOT_FOUND, f"webhooks come from {', '.join(WEBHOOKS)}")
    services, raw = services_of(request), await raw_body(request)
    _check_signature(getattr(services.settings, partner), request, raw)
    if raw.lstrip().startswith(b"["):
        events = _batch(partner, raw)
        stored = await asyncio.gather(*(commit(services.events, event) for event in events))
        answers = [WebhookStored(stored=one.new) for one in stored]
        return Response(ANSWERS.dump_json(answers), media_type="application/json")
    one = await commit(services.events, _event(partner, request.headers["webhook-id"], raw))
    return Response(WebhookStored(stored=one.new).model_dump_json(), media_type="application/json")


def _check_signature(partner: Partner, request: Request, raw: bytes) -> None:
    headers = {name.decode(): value.decode("latin-1") for name, value in request.scope["headers"] if name in SIGNED}
    try:
        _signature_of(partner.secret.get_secret_value()).verify(raw, headers, json_parse=False)
    except WebhookVerificationError as error:
        raise Problem(UNAUTHENTICATED, str(error)) from None
    except ValueError:
        # The library raises it for a malformed signature header.
        raise Problem(UNAUTHENTICATED, "the signature cannot be read") from None


@cache
def _signature_of(secret: str) -> Signature:
    return Signature(secret)


def _batch(partner: str, raw: bytes) -> list[NewEvent]:
    """Read all events, before any of them is stored. A 422 names the place of the first bad one."""
    events = []
    for place, (one, content) in enumerate(zip(parse(raw, WebhookBatch).root, from_json(raw), strict=True)):
        try:
            events.append(_event(partner, one.id, to_json(content)))
        except Problem as problem:
            raise invalid_fields(
                [{"field": f"[{place}].{error['field']}", "message": error["message"]} for error in problem.errors]
            ) from None
    return events


def _event(partner: str, event_id: str, raw: bytes) -> NewEvent:
    if len(event_id) > MAX_EVENT_ID:
        raise invalid("webhook-id", f"longer than {MAX_EVENT_ID} characters")
    event_type = parse(raw, TypeOnly).type
    webhook = WEBHOOKS[partner].get(event_type)
    if webhook is None:
        raise invalid("type", f"the types of {partner} are {', '.join(WEBHOOKS[partner])}")
    data = parse(raw, webhook.body).data
    return NewEvent(partner, event_id, event_type, webhook.subject(data), data.model_dump(mode="json"))
