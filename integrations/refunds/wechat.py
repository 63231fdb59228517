"""WeChat shop: money goes back through the after-sales order that the customer has opened; the seller agrees to it.

Without one of this amount a person must pay back. WeChat has no idempotency key: one that was agreed to and that we
have not booked is the answer of an earlier call. Source: developers.weixin.qq.com/doc/store/shop,
aftersale/getaftersaleorder (its statuses, refund_info.amount in fen) and aftersale/acceptapply (accept_type 2 pays back
what came back).
"""

from domain.errors import RefundRefused
from integrations.channels.reading import Reader, Unreadable
from integrations.payments import GatewayRefund, GatewayRefundStatus
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.settings import RefundSettings
from integrations.wechat import Wechat

WHOLE, AFTER_SALE = "/channels/ec/order/get", "/channels/ec/aftersale/getaftersaleorder"
ACCEPT = "/channels/ec/aftersale/acceptapply"
MAX_AFTER_SALES = 50
DONE = ("MERCHANT_REFUND_SUCCESS", "MERCHANT_RETURN_SUCCESS")
UNDER_WAY = "PLATFORM_REFUNDING"
WAITS, GOODS_ARE_BACK, MONEY_ONLY = "MERCHANT_PROCESSING", "MERCHANT_WAIT_RECEIPT", "REFUND"


class WechatRefund:
    def __init__(self, settings: RefundSettings) -> None:
        seconds = settings.timeout.total_seconds()
        self._wechat = Wechat(str(settings.url), seconds, settings.token.get_secret_value(), refusal=RefundRefused)

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        try:
            found = self._after_sales(asked)
            for one in found:
                if (status := one.text("status")) in (*DONE, UNDER_WAY):
                    return _answer(one, status in DONE)
            for one in found:
                if (accepted := _acceptance(one)) is not None:
                    self._accept(one, accepted)
                    return _answer(one, False)
        except Unreadable:
            raise self._wechat.trouble(AFTER_SALE) from None
        raise RefundRefused("no_after_sale")

    def close(self) -> None:
        self._wechat.close()

    def _after_sales(self, asked: ChannelRefund) -> list[Reader]:
        """The order's after-sales orders of this amount that we have not booked."""
        answer = self._read(WHOLE, {"order_id": asked.channel_order_id})
        listed = answer.object("order").object("aftersale_detail").objects("aftersale_order_list")
        names = [one.text("aftersale_order_id") for one in listed[-MAX_AFTER_SALES:]]
        each = [
            self._read(AFTER_SALE, {"after_sale_order_id": name}).object("after_sale_order")
            for name in names
            if name and name not in asked.booked
        ]
        return [one for one in each if one.object("refund_info").whole("amount") == asked.amount.minor_units]

    def _read(self, path: str, body: dict[str, str]) -> Reader:
        answer, _ = self._wechat.call(path, body)
        if code := self._wechat.refusal_of(answer):
            raise RefundRefused(code)
        return answer

    def _accept(self, one: Reader, accepted: dict[str, int]) -> None:
        name = one.need_text("after_sale_order_id", 100)
        answer, _ = self._wechat.call(ACCEPT, {"after_sale_order_id": name} | accepted)
        if code := self._wechat.refusal_of(answer):
            raise RefundRefused(code)


def _acceptance(one: Reader) -> dict[str, int] | None:
    """What to agree to so that this one is paid back now; None if its goods are to come first."""
    status = one.text("status")
    if status == WAITS and one.text("type") == MONEY_ONLY:
        return {}
    return {"accept_type": 2} if status == GOODS_ARE_BACK else None


def _answer(one: Reader, paid: bool) -> GatewayRefund:
    status = GatewayRefundStatus.SUCCEEDED if paid else GatewayRefundStatus.PENDING
    return GatewayRefund(one.need_text("after_sale_order_id", 100), status)
