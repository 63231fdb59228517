"""The first verdict of a new order, for a channel that waits for it (`?wait=accepted`)."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from temporalio.service import RPCError

from api.access import Caller
from api.dependencies import Services
from api.errors import Problem, invalid
from api.orders.updates import ask_order
from api.orders.view import find_order
from models.order import OrderRow
from workflows.messages import Verdict

WAIT = {"name": "wait", "in": "query", "required": False, "schema": {"type": "string", "enum": ["accepted"]}}
"""The parameter in the OpenAPI document."""


def wants_verdict(request: Request) -> bool:
    """True if the request has `?wait=accepted`. A 422 for any other `wait`."""
    query = request.scope["query_string"]
    if not query or (wait := request.query_params.get("wait")) is None:
        return False
    if wait != "accepted":
        raise invalid("wait", "only `accepted` can be waited for")
    return True


async def first_verdict(services: Services, order_id: str, caller: Caller) -> Verdict | None:
    """Return the order's verdict within `accept_deadline`; None when it does not come, for whatever reason.

    The order is committed and goes on anyway, so that a failure here does not matter to it.
    """
    order = await run_in_threadpool(_order, services, order_id, caller)
    try:
        limit = services.settings.accept_deadline
        return await ask_order(services, order, "accepted", None, Verdict, "accepted", limit)
    except (Problem, RPCError):
        return None


def _order(services: Services, order_id: str, caller: Caller) -> OrderRow:
    with services.sessions() as session:
        return find_order(session, order_id, caller)
