"""Refunds in Baton's own format (docs/partners.md): one call for each."""

from domain.errors import RefundRefused
from integrations.http import read_object
from integrations.payments import GatewayRefund, GatewayRefundStatus
from integrations.platforms import PlatformHttp, refusal_code
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.settings import RefundSettings

ID_LENGTH = 100


class PlainRefund:
    def __init__(self, settings: RefundSettings) -> None:
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("channel", str(settings.url), seconds, headers, refusal=RefundRefused)

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        body = {
            "channel_order_id": asked.channel_order_id,
            "amount": asked.amount.text,
            "currency": asked.amount.currency,
            "reason": asked.reason,
        }
        response = self._http.post_json("/refunds", body, {"Idempotency-Key": asked.key})
        if response.status_code in (409, 422) and (code := refusal_code(response)):
            raise RefundRefused(code)
        answer = read_object(response.content) or {}
        name, status = answer.get("refund_id"), answer.get("status")
        if response.status_code not in (200, 201) or not isinstance(name, str) or not 0 < len(name) <= ID_LENGTH:
            raise self._http.trouble(f"POST /refunds: answered {response.status_code} without a refund")
        if status not in list(GatewayRefundStatus):
            raise self._http.trouble("POST /refunds: status is not a known one")
        return GatewayRefund(name, GatewayRefundStatus(status))

    def close(self) -> None:
        self._http.close()
