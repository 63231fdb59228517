"""Change the address or the day of an order, as its customer: a preview, then a confirmation, as in the API."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.errors import Problem
from api.orders.edit_schemas import EditBody, EditPreviewAnswer
from api.orders.edits import confirm, propose
from api.orders.schemas import AddressBody
from console.forms import Form, read_form
from console.guard import SAFE
from console.track.offers import offer
from console.track.visits import Visit, open_visit, prove, take_act
from domain.masks import plain, proof_of
from domain.people import phone_number
from domain.self_service import Act, days_to_choose

REASON = "the customer changed it on the order's page"
PLACE = ("province", "city", "district", "postal_code")
NEEDED = ("city", "street")
LONGEST = 200
CONFIRM_WITHIN = timedelta(minutes=30)
REFUSED_FIELDS = ("order", "ship_to", "deliver_on", "location")


async def change_address(request: Request) -> Response:
    visit = await open_visit(request)
    if (refused := await offer(visit, Act.ADDRESS)) is not None:
        return refused
    if request.method in SAFE:
        return visit.page("address", wrong={}, texts={})
    take_act(visit)
    form = await read_form(request)
    wrong = {name: "missing" for name in NEEDED if not form.text(name)}
    body = None if wrong else _with_address(visit, form, wrong)
    return await _preview(visit, Act.ADDRESS, form, body, wrong)


async def choose_day(request: Request) -> Response:
    visit = await open_visit(request)
    if (refused := await offer(visit, Act.DAY)) is not None:
        return refused
    days = days_to_choose(visit.words.local_day(datetime.now(UTC)))
    if request.method in SAFE:
        return visit.page("day", wrong={}, texts={}, days=days)
    take_act(visit)
    form = await read_form(request)
    chosen = next((day for day in days if day.isoformat() == form.text("day")), None)
    wrong = {} if chosen else {"day": "missing"}
    body = EditBody(reason=REASON, deliver_on=chosen) if chosen else None
    return await _preview(visit, Act.DAY, form, body, wrong, days=days, chosen=chosen)


async def confirm_edit(request: Request) -> Response:
    """The second step; who comes by hand is led back to the page."""
    visit = await open_visit(request)
    if request.method in SAFE:
        return visit.back("")
    take_act(visit)
    form = await read_form(request)
    edit_id = form.text("edit_id", 100)
    if not _may_confirm(visit, edit_id, form.text("pass", 200)):
        return visit.page("refused", 409, act=Act.ADDRESS, fields=[])
    try:
        told = await confirm(visit.services, visit.caller, visit.order_id, edit_id)
    except Problem as problem:
        return _refused(visit, Act.ADDRESS, problem)
    return visit.back({"done": "edit", "pending": "pending"}[told.answer])


async def _preview(
    visit: Visit, act: Act, form: Form, body: EditBody | None, wrong: dict[str, str], **shown: object
) -> Response:
    """Show what the edit would do, with a button that makes it; or the form again, with what is wrong."""
    if not wrong and (proof := await prove(visit, form.text("proof", 40))):
        wrong = {"proof": proof}
    if wrong or body is None:
        return visit.page(act.value, 422, wrong=wrong, texts=form.texts, **shown)
    try:
        seen = await run_in_threadpool(propose, visit.services, visit.caller, visit.order_id, body)
    except Problem as problem:
        return _refused(visit, act, problem)
    if seen.refusals or _costs(seen):
        fields = [one.field for one in seen.refusals]
        return visit.page("refused", 409, act=act, fields=[one for one in fields if one in REFUSED_FIELDS])
    return visit.page("confirm", act=act, body=body, seen=seen, permit=_permit(visit, seen.edit_id, datetime.now(UTC)))


def _with_address(visit: Visit, form: Form, wrong: dict[str, str]) -> EditBody | None:
    """Return the edit; name, phone and e-mail stay where nothing was typed. Adds what is wrong to `wrong`."""
    now: Mapping[str, object] = visit.order.ship_to
    country = str(now["country"])
    typed = {name: form.text(name, LONGEST + 1) for name in ("name", "phone")}
    phone = phone_number(typed["phone"], country) if typed["phone"] else now.get("phone") or ""
    fields = {
        "country": country,
        "name": typed["name"] or now.get("name") or "",
        "phone": phone,
        "email": now.get("email") or "",
        **{name: form.text(name, LONGEST + 1) for name in PLACE},
        "lines": tuple(line for name in ("street", "street2") if (line := form.text(name, LONGEST + 1))),
    }
    try:
        return EditBody(reason=REASON, ship_to=AddressBody.model_validate(fields))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            field = str(one["loc"][0]) if one["loc"] else "street"
            wrong["street" if field == "lines" else field] = "invalid"
        return None


def _costs(seen: EditPreviewAnswer) -> bool:
    """True if money would move, which neither an address nor a day does by itself."""
    return float(seen.difference) != 0


def _permit(visit: Visit, edit_id: str, now: datetime) -> str:
    """Return a sign that the proof for this edit was right, so that it need not be typed a second time."""
    until = int((now + CONFIRM_WITHIN).timestamp())
    return f"{until}.{_sign(visit, edit_id, until)}"


def _may_confirm(visit: Visit, edit_id: str, permit: str) -> bool:
    until, _, sign = permit.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12):
        return False
    genuine = hmac.compare_digest(sign.encode(), _sign(visit, edit_id, int(until)).encode())
    return genuine and datetime.now(UTC).timestamp() < int(until)


def _sign(visit: Visit, edit_id: str, until: int) -> str:
    # With the proof itself: when the receiver changes meanwhile, another has to be typed.
    text = "\n".join((visit.token, edit_id, str(until), plain(proof_of(visit.order.ship_to)[1])))
    return hmac.digest(visit.services.settings.track_links.keys[0], text.encode(), "sha256").hex()


def _refused(visit: Visit, act: Act, problem: Problem) -> Response:
    if problem.kind.status not in (403, 404, 409):
        raise problem
    fields = [error["field"] for error in problem.errors]
    return visit.page("refused", 409, act=act, fields=[field for field in fields if field in REFUSED_FIELDS])
