"""Cancel an order, as its customer."""

from starlette.requests import Request
from starlette.responses import Response

from api.errors import Problem
from api.orders.commands import CancelBody, cancel
from console.forms import read_form
from console.guard import SAFE
from console.track.offers import offer
from console.track.visits import open_visit, prove, take_act
from domain.self_service import Act

REASON = "the customer canceled it on the order's page"


async def cancel_order(request: Request) -> Response:
    visit = await open_visit(request)
    if (refused := await offer(visit, Act.CANCEL)) is not None:
        return refused
    if request.method in SAFE:
        return visit.page("cancel", wrong={}, texts={})
    take_act(visit)
    form = await read_form(request)
    if wrong := await prove(visit, form.text("proof", 40)):
        return visit.page("cancel", 422, wrong={"proof": wrong}, texts={})
    try:
        told = await cancel(visit.services, visit.caller, visit.order_id, CancelBody(reason=REASON))
    except Problem as problem:
        if problem.kind.status != 409:
            raise
        return visit.page("refused", 409, act=Act.CANCEL, fields=[])
    return visit.back({"done": "cancel", "interception_asked": "cancel_asked", "pending": "pending"}[told.answer])
