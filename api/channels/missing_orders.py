"""Report on orders that a channel has and we had not, and what was done about each."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select, tuple_

from api.channels import examples
from api.dependencies import Reader, WithServices
from api.errors import FORBIDDEN, Problem
from api.inputs import Cursor, Filter, Limit, after, cut, not_a_cursor
from api.openapi import responses
from api.schemas import Answer, Page
from models.pull import MissingOrderRow

router = APIRouter(tags=["reports"])

Outcome = Literal["nothing_yet", "pulled", "refused", "gone"]


class MissingOrder(Answer):
    """`modified_at` is the channel's time of the last change. `out_of_date`: we had an older state of it.

    `refused`: it could not be read, for the reason in `detail`; `intake_id` is the payload to try again after a fix.
    """

    channel: str
    channel_order_id: str
    modified_at: datetime
    reason: Literal["never_came", "out_of_date"]
    first_missing_at: datetime
    outcome: Outcome
    detail: str | None
    intake_id: str | None
    settled_at: datetime | None


@router.get(
    "/reports/missing-orders",
    summary="Orders found missing when channels were compared",
    responses=responses({200: ("One page, by channel and order", examples.MISSING_ORDERS)}, FORBIDDEN),
)
def list_missing_orders(
    caller: Reader,
    services: WithServices,
    channel: Filter = None,
    outcome: Annotated[Outcome | None, Query(description="`nothing_yet` and `refused` ones are still missing")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MissingOrder]:
    """Each channel that is pulled is compared every night; a missing order is fetched at once and stays listed here."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads orders of the channel {caller.channel}")
    key = tuple_(MissingOrderRow.channel, MissingOrderRow.channel_order_id)
    wanted = select(MissingOrderRow).order_by(*key.clauses).limit(limit + 1)
    if (only := caller.channel or channel) is not None:
        wanted = wanted.where(MissingOrderRow.channel == only)
    if outcome is not None:
        wanted = wanted.where(MissingOrderRow.outcome == outcome)
    if (last := after(cursor)) is not None:
        of, slash, name = last.partition("/")
        if not slash:
            raise not_a_cursor()
        wanted = wanted.where(key > (of, name))
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: f"{row.channel}/{row.channel_order_id}")
    return Page(items=[MissingOrder.model_validate(row) for row in rows], next_cursor=following)
