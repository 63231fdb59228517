"""What a channel may see and sell of a product: share, reserve and quotas."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import Reader, Services, StockKeeper, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, Problem, mistake_problem
from api.idempotency import OnceRoute
from api.openapi import json_body, responses
from api.schemas import Answer
from api.stock import goods_examples as examples
from api.stock.goods_schemas import ChannelStockBody
from api.stock.products import PathSku, find_product
from domain.stock.views import Share
from models.goods import ChannelQuotaRow, ChannelShareRow
from record.stock.channel_shares import Quota, set_quotas, set_share
from record.stock.mistakes import Mistake
from record.stock.views import available_in_network, available_to_channel

router = APIRouter(tags=["stock"], route_class=OnceRoute)

PathChannel = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class QuotaAnswer(Answer):
    """`claimed` units of `quantity` are reserved, under way or delivered."""

    quantity: int
    claimed: int
    valid_from: datetime
    valid_to: datetime | None


class ChannelStockAnswer(Answer):
    """`available` is in the whole network, `shown` what the channel is shown of it now. A channel's own key gets
    `shown` in both."""

    channel: str
    sku: str
    share_percent: int
    reserve: int
    quotas: list[QuotaAnswer]
    available: int
    shown: int


@router.get(
    "/channels/{channel}/stock/{sku}",
    summary="What a channel may see and sell",
    responses=responses({200: ("As it is now", examples.CHANNEL_STOCK)}, FORBIDDEN, NOT_FOUND),
)
def read_channel_stock(
    channel: PathChannel, sku: PathSku, caller: Reader, services: WithServices
) -> ChannelStockAnswer:
    """A channel without settings is shown everything."""
    with services.sessions() as session:
        check_channel(caller, channel)
        return _answer(session, channel, sku, caller)


@router.put(
    "/channels/{channel}/stock/{sku}",
    summary="Set what a channel may see and sell",
    response_model=ChannelStockAnswer,
    responses=responses({200: ("As it is now", examples.CHANNEL_STOCK)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
    openapi_extra=json_body(ChannelStockBody, examples.CHANNEL_STOCK_BODY),
)
async def set_channel_stock(
    channel: PathChannel, sku: PathSku, request: Request, caller: StockKeeper, services: WithServices
) -> ChannelStockAnswer:
    """Replaces all settings. A quota is hard: what a channel claims beyond it is short, even when there is stock."""
    body = await read_body(request, ChannelStockBody)
    return await run_in_threadpool(_set, services, channel, sku, body, caller)


def check_channel(caller: Caller, channel: str) -> None:
    """Raise a 403 for the view of a channel that is not the caller's."""
    if not caller.sees(channel):
        raise Problem(FORBIDDEN, "a channel may look at its own view only")


def _set(services: Services, channel: str, sku: str, body: ChannelStockBody, caller: Caller) -> ChannelStockAnswer:
    try:
        with services.sessions.begin() as session:
            find_product(session, sku, caller)
            set_share(session, channel, sku, Share(body.share_percent, body.reserve))
            set_quotas(session, channel, sku, [Quota(q.quantity, q.valid_from, q.valid_to) for q in body.quotas])
            return _answer(session, channel, sku, caller)
    except Mistake as mistake:
        raise mistake_problem(mistake) from None


def _answer(session: Session, channel: str, sku: str, caller: Caller) -> ChannelStockAnswer:
    find_product(session, sku, caller)
    shown = available_to_channel(session, channel, [sku])[sku]
    share = session.get(ChannelShareRow, (channel, sku))
    mine = ChannelQuotaRow.channel == channel, ChannelQuotaRow.sku == sku
    quotas = session.scalars(select(ChannelQuotaRow).where(*mine).order_by(ChannelQuotaRow.valid_from))
    return ChannelStockAnswer(
        channel=channel,
        sku=sku,
        share_percent=share.share_percent if share else 100,
        reserve=share.reserve if share else 0,
        quotas=[QuotaAnswer.model_validate(row) for row in quotas],
        available=shown if caller.channel else available_in_network(session, [sku])[sku],
        shown=shown,
    )
