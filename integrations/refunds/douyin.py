"""Douyin shop: money goes back through the after-sale order that the customer has opened; the seller agrees to it.

Without one of this amount a person must pay back. Douyin has no idempotency key: one that was agreed to and that we
have not booked is the answer of an earlier call. Source: op.jinritemai.com, api-docs/17 (afterSale.List, its statuses
and types) and api-docs/17/560 (afterSale.operate); the numbers of `type` are from memory.
"""

from domain.errors import RefundRefused
from integrations.channels.reading import Reader, Unreadable
from integrations.douyin import Douyin
from integrations.payments import GatewayRefund, GatewayRefundStatus
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.settings import RefundSettings

LIST, OPERATE = "afterSale.List", "afterSale.operate"
MONEY_ONLY = (1, 2)
WAITS, GOODS_ARE_BACK, DONE = 6, 11, 12
AGREE_TO_MONEY, AGREE_TO_GOODS = 201, 111
PAID = 3


class DouyinRefund:
    def __init__(self, settings: RefundSettings) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._douyin = Douyin(str(settings.url), settings.timeout.total_seconds(), keys, refusal=RefundRefused)

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        try:
            found = self._after_sales(asked)
            for one in found:
                if one.whole("aftersale_status") == DONE:
                    return _answer(one)
            for one in found:
                if operation := _operation(one):
                    self._agree(one, operation)
                    return GatewayRefund(one.need_text("aftersale_id", 100), GatewayRefundStatus.PENDING)
        except Unreadable:
            raise self._douyin.trouble(LIST) from None
        raise RefundRefused("no_after_sale")

    def close(self) -> None:
        self._douyin.close()

    def _after_sales(self, asked: ChannelRefund) -> list[Reader]:
        """The order's after-sale orders of this amount that we have not booked."""
        answer, _ = self._douyin.call(LIST, {"order_id": asked.channel_order_id, "page": 0, "size": 100})
        if code := self._douyin.refusal_of(answer):
            raise RefundRefused(code)
        each = [one.object("aftersale_info") for one in answer.object("data").objects("items")]
        return [
            one
            for one in each
            if one.whole("refund_amount") == asked.amount.minor_units and one.text("aftersale_id") not in asked.booked
        ]

    def _agree(self, one: Reader, operation: int) -> None:
        item = {"aftersale_id": one.need_text("aftersale_id", 100), "update_time": one.whole("update_time")}
        answer, _ = self._douyin.call(OPERATE, {"type": operation, "items": [item]})
        if code := self._douyin.refusal_of(answer):
            raise RefundRefused(code)


def _operation(one: Reader) -> int:
    """The operation that pays this one back now; 0 if its goods are to come first, or nothing is to be agreed to."""
    status = one.whole("aftersale_status")
    if status == WAITS and one.whole("aftersale_type") in MONEY_ONLY:
        return AGREE_TO_MONEY
    return AGREE_TO_GOODS if status == GOODS_ARE_BACK else 0


def _answer(one: Reader) -> GatewayRefund:
    paid = one.whole("refund_status") == PAID
    status = GatewayRefundStatus.SUCCEEDED if paid else GatewayRefundStatus.PENDING
    return GatewayRefund(one.need_text("aftersale_id", 100), status)
