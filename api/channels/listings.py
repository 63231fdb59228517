"""Listings: the SKUs on sale at each channel, and which stock the channel has acknowledged or refused."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import Caller
from api.channels import listing_examples as examples
from api.dependencies import ListingWriter, Reader, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import Cursor, Filter, Limit, PathId, after, cut, not_a_cursor
from api.openapi import json_body, responses
from api.schemas import Answer, Body, Page, Sku
from models.channel import ChannelAccountRow
from models.listing import ChannelListingRow
from models.stock import ProductRow
from record.channels.listings import put_listing, wake_listings

router = APIRouter(tags=["listings"], route_class=OnceRoute)

L = ChannelListingRow


class ListingBody(Body):
    """How a SKU is listed. Which stock the channel is shown is set by `PUT /channels/{channel}/stock/{sku}`."""

    channel_sku: Annotated[Sku | None, Field(description="What the channel calls it; our SKU if absent")] = None
    enabled: Annotated[bool, Field(description="false: stock is no longer pushed to the channel")] = True


class PushBody(Body):
    everything: Annotated[bool, Field(description="Also what the channel has acknowledged")] = False


class Listing(Answer):
    """The channel has acknowledged the stock of `acknowledged_version`; it is behind while that is below `version`."""

    channel: str
    sku: str
    channel_sku: str
    enabled: bool
    version: int
    acknowledged_version: int
    acknowledged_quantity: int | None
    acknowledged_at: datetime | None
    last_error: str | None
    failed_since: datetime | None
    retry_at: datetime | None


class PushAsked(Answer):
    """`behind` counts listings to be pushed. The push begins within a second, unless the channel asked for a pause."""

    behind: int


@router.get(
    "/listings",
    summary="Listings and what channels know of stock",
    responses=responses({200: ("One page, by channel and SKU", examples.LISTINGS)}, FORBIDDEN),
)
def list_listings(
    caller: Reader,
    services: WithServices,
    channel: Filter = None,
    sku: Filter = None,
    failed: Annotated[bool | None, Query(description="true: those that the channel does not take")] = None,
    behind: Annotated[bool | None, Query(description="true: those with changes that it does not know yet")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Listing]:
    """A listing that fails does not delay others; it is tried again after `retry_at`, or when somebody asks for it."""
    if channel is not None and not caller.sees(channel):
        raise Problem(FORBIDDEN, f"this key reads listings of the channel {caller.channel}")
    which: list[ColumnElement[bool]] = []
    if (only := caller.channel or channel) is not None:
        which.append(L.channel == only)
    if sku is not None:
        which.append(L.sku == sku)
    if failed is not None:
        which.append(L.failed_since.is_not(None) if failed else L.failed_since.is_(None))
    if behind is not None:
        which.append((L.enabled & (L.version > L.acknowledged_version)) == behind)
    if (last := after(cursor)) is not None:
        of, slash, name = last.partition("/")
        if not slash:
            raise not_a_cursor()
        which.append(tuple_(L.channel, L.sku) > (of, name))
    with services.sessions() as session:
        found = session.scalars(select(L).where(*which).order_by(L.channel, L.sku).limit(limit + 1)).all()
        rows, following = cut(found, limit, lambda row: f"{row.channel}/{row.sku}")
    return Page(items=[Listing.model_validate(row) for row in rows], next_cursor=following)


@router.put(
    "/listings/{channel}/{sku}",
    summary="List a SKU at a channel, or change its listing",
    response_model=Listing,
    responses=responses({200: ("As it stands now", examples.LISTING)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(ListingBody, examples.LISTING_BODY),
)
async def write_listing(
    channel: PathId, sku: PathId, request: Request, caller: ListingWriter, services: WithServices
) -> Listing:
    """The stock is pushed to the channel again, even if nothing has changed."""
    body = await read_body(request, ListingBody)
    return await run_in_threadpool(_write, services, caller, channel, sku, body)


@router.post(
    "/listings/{channel}/push",
    status_code=202,
    summary="Push stock to a channel now",
    response_model=PushAsked,
    responses=responses({202: ("It begins", examples.PUSHED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(PushBody, examples.PUSH),
)
async def push_now(channel: PathId, request: Request, caller: ListingWriter, services: WithServices) -> PushAsked:
    """Push all listings that are behind at once, also those that were refused; with `everything` all listings."""
    body = await read_body(request, PushBody)
    return PushAsked(behind=await run_in_threadpool(_wake, services, caller, channel, body.everything))


def _write(services: Services, caller: Caller, channel: str, sku: str, body: ListingBody) -> Listing:
    with services.sessions.begin() as session:
        _known_channel(session, caller, channel)
        if session.get(ProductRow, sku) is None:
            raise Problem(NOT_FOUND, "there is no such product")
        try:
            row = put_listing(session, channel, sku, body.channel_sku or sku, body.enabled)
        except IntegrityError:
            raise invalid("channel_sku", "the channel has another listing of this name") from None
        return Listing.model_validate(row)


def _wake(services: Services, caller: Caller, channel: str, everything: bool) -> int:
    with services.sessions.begin() as session:
        _known_channel(session, caller, channel)
        return wake_listings(session, channel, everything)


def _known_channel(session: Session, caller: Caller, channel: str) -> None:
    if not caller.sees(channel) or session.get(ChannelAccountRow, channel) is None:
        raise Problem(NOT_FOUND, "there is no account of this channel")
