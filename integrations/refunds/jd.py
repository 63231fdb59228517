"""JD POP: money goes back through the customer's request to cancel, to which the seller agrees.

Without one of this amount a person must pay back. JD has no idempotency key: a request that was agreed to and that we
have not booked is the answer of an earlier call. Source: open.jd.com, jingdong.pop.afs.soa.refundapply.queryPageList
(applyRefundSum in fen, its statuses) and .replyRefund (status 1 agrees; outWareStatus 1 has left, 2 has not).
"""

from domain.errors import RefundRefused
from integrations.channels.reading import Reader, Unreadable
from integrations.jd import Jd, is_done
from integrations.payments import GatewayRefund, GatewayRefundStatus
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.settings import RefundSettings

LIST, FOUND = "jingdong.pop.afs.soa.refundapply.queryPageList", "queryResult"
REPLY, REPLIED = "jingdong.pop.afs.soa.refundapply.replyRefund", "replyResult"
WHOLE, DETAIL = "jingdong.pop.order.get", "orderDetailInfo"
ZONE = "Asia/Shanghai"
WAITS, PAID = 0, 3
AGREED = (1, PAID, 5, 6, 9)
AGREE, HAS_LEFT, HAS_NOT_LEFT = 1, 1, 2


class JdRefund:
    def __init__(self, settings: RefundSettings) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._jd = Jd(str(settings.url), settings.timeout.total_seconds(), keys, ZONE, refusal=RefundRefused)

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        try:
            found = self._requests(asked)
            for one in found:
                if (status := one.whole("status")) in AGREED:
                    paid = status == PAID
                    return _answer(one, GatewayRefundStatus.SUCCEEDED if paid else GatewayRefundStatus.PENDING)
            for one in found:
                if one.whole("status") == WAITS:
                    self._agree(asked, one)
                    return _answer(one, GatewayRefundStatus.PENDING)
        except Unreadable:
            raise self._jd.trouble(LIST) from None
        raise RefundRefused("no_after_sale")

    def close(self) -> None:
        self._jd.close()

    def _requests(self, asked: ChannelRefund) -> list[Reader]:
        """The order's requests of this amount that we have not booked."""
        query = {"orderId": asked.channel_order_id, "pageIndex": 1, "pageSize": 50}
        answer, _ = self._jd.call(LIST, FOUND, query)
        if not is_done(answer):
            raise self._jd.trouble(LIST, "its queryResult says no")
        return [
            one
            for one in answer.objects("result")
            if one.whole("applyRefundSum") == asked.amount.minor_units and one.text("id") not in asked.booked
        ]

    def _agree(self, asked: ChannelRefund, one: Reader) -> None:
        about = {"order_id": asked.channel_order_id, "optional_fields": "orderId,waybill"}
        detail, _ = self._jd.call(WHOLE, DETAIL, about)
        left = HAS_LEFT if detail.object("orderInfo").has("waybill") else HAS_NOT_LEFT
        reply = {"status": AGREE, "id": one.need_text("id", 100), "checkUserName": "baton", "outWareStatus": left}
        answer, _ = self._jd.call(REPLY, REPLIED, reply)
        if not is_done(answer):
            raise RefundRefused("not_agreed")


def _answer(one: Reader, status: GatewayRefundStatus) -> GatewayRefund:
    return GatewayRefund(one.need_text("id", 100), status)
