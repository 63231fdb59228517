"""Ask for a return with reasons and photos, as the customer."""

import re
import secrets
from collections.abc import Sequence

from anyio import CapacityLimiter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import Problem
from api.orders.answers import OrderAnswer
from api.returns.photos import keep_photo
from api.returns.reasons import ReasonAnswer, list_reasons
from api.returns.requests import ReturnBody, ReturnLineBody, ask
from console.forms import MOST_PHOTOS, PHOTO_BYTES, Form, read_form
from console.guard import SAFE
from console.limits import limits_of
from console.track.offers import offer
from console.track.view import returnable
from console.track.visits import Visit, open_visit, prove, take_act
from domain.self_service import Act

CASE_ID = re.compile(r"page-[0-9a-f]{16}")
LONGEST_REASON = 300
BUSY_SECONDS = "5"


async def ask_return(request: Request) -> Response:
    visit = await open_visit(request)
    if (refused := await offer(visit, Act.RETURN)) is not None:
        return refused if request.method in SAFE else await _again(visit, refused)
    reasons = (await run_in_threadpool(list_reasons, visit.caller, visit.services)).items
    if request.method in SAFE:
        return _form(visit, reasons, {}, {})
    take_act(visit)
    async with _upload(visit):
        form = await read_form(request, photos=True)
        wrong = _faults(form, visit.order, reasons)
        if not wrong and (proof := await prove(visit, form.text("proof", 40))):
            wrong = {"proof": proof}
        if wrong:
            return _form(visit, reasons, wrong, form.texts)
        return await _ask(visit, form, reasons)


def _upload(visit: Visit) -> CapacityLimiter:
    """Return the limiter under which a form with photos is read. A 503 if enough are being read."""
    uploads = limits_of(visit.request).uploads
    if uploads.available_tokens < 1:
        raise HTTPException(503, headers={"Retry-After": BUSY_SECONDS})
    return uploads


async def _again(visit: Visit, refused: Response) -> Response:
    """The same form again, after which nothing is left to return, is told what the first one was."""
    take_act(visit)
    async with _upload(visit):
        form = await read_form(visit.request, photos=True)
    known = {case.case_id for case in visit.order.returns}
    return visit.back("return") if form.text("case_id", 40) in known else refused


async def _ask(visit: Visit, form: Form, reasons: Sequence[ReasonAnswer]) -> Response:
    try:
        kept = [await keep_photo(visit.services, visit.caller, visit.order_id, photo) for photo in form.photos]
        evidence = tuple(dict.fromkeys(one.reference for one in kept))
        await ask(visit.services, visit.caller, visit.order_id, _body(form, visit.order, reasons, evidence))
    except Problem as problem:
        if problem.kind.status == 422 and problem.errors and problem.errors[0]["field"] == "photo":
            return _form(visit, reasons, {"photos": "invalid"}, form.texts)
        if problem.kind.status not in (409, 422):
            raise
        return visit.page("refused", 409, act=Act.RETURN, fields=[])
    return visit.back("return")


def _form(visit: Visit, reasons: Sequence[ReasonAnswer], wrong: dict[str, str], texts: dict[str, str]) -> Response:
    units = returnable(visit.order)
    lines = [(line, units[line.line_no]) for line in visit.order.lines if line.line_no in units]
    # The same form sent twice is one request.
    case_id = texts.get("case_id", "")
    case_id = case_id if CASE_ID.fullmatch(case_id) else f"page-{secrets.token_hex(8)}"
    shown = {"lines": lines, "reasons": reasons, "case_id": case_id, "most": MOST_PHOTOS}
    return visit.page("return", 422 if wrong else 200, wrong=wrong, texts=texts, **shown)


def _faults(form: Form, order: OrderAnswer, reasons: Sequence[ReasonAnswer]) -> dict[str, str]:
    """Return the code of what is wrong by field."""
    wrong = {}
    if not _units(form, order):
        wrong["lines"] = "missing"
    reason = _reason(form, reasons)
    if reasons and reason is None:
        wrong["reason_code"] = "missing"
    if not reasons and not form.text("reason"):
        wrong["reason"] = "missing"
    if len(form.text("reason")) > LONGEST_REASON:
        wrong["reason"] = "invalid"
    if len(form.photos) > MOST_PHOTOS:
        wrong["photos"] = "too_many"
    elif any(len(photo) > PHOTO_BYTES for photo in form.photos):
        wrong["photos"] = "too_large"
    elif reason and reason.needs_evidence and not form.photos:
        wrong["photos"] = "missing"
    if not CASE_ID.fullmatch(form.text("case_id", 40)):
        wrong["lines"] = "invalid"
    return wrong


def _units(form: Form, order: OrderAnswer) -> dict[int, int]:
    """Return the units by line number that were chosen, never more than may be returned."""
    chosen = {}
    for line_no, most in returnable(order).items():
        typed = form.text(f"line-{line_no}", 7)
        if typed.isascii() and typed.isdigit() and 0 < int(typed) <= most:
            chosen[line_no] = int(typed)
    return chosen


def _reason(form: Form, reasons: Sequence[ReasonAnswer]) -> ReasonAnswer | None:
    return next((reason for reason in reasons if reason.code == form.text("reason_code", 60)), None)


def _body(form: Form, order: OrderAnswer, reasons: Sequence[ReasonAnswer], evidence: tuple[str, ...]) -> ReturnBody:
    reason = _reason(form, reasons)
    lines = [ReturnLineBody(line_no=number, quantity=units) for number, units in _units(form, order).items()]
    return ReturnBody(
        case_id=form.text("case_id", 40),
        reason=_without_controls(form.text("reason")) or (reason.meaning if reason else ""),
        reason_code=reason.code if reason else "",
        lines=tuple(lines),
        evidence=evidence,
    )


def _without_controls(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
