"""Whether an act is offered now: the same rule for the button and for the form behind it."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console.track.view import self_service
from console.track.visits import Visit
from domain.masks import proof_of
from domain.self_service import Act, may_do


async def offer(visit: Visit, act: Act) -> Response | None:
    """Return None if the act is offered, else the page that says that it is not any more."""
    service = await run_in_threadpool(self_service, visit.services, visit.order)
    if act in may_do(service) and proof_of(visit.order.ship_to)[0]:
        return None
    return visit.page("refused", 409, act=act, fields=[])
