"""Shopify: refunds of the Admin REST API (2025), each of an amount, out of the order's successful transactions.

Shopify has no idempotency key, so ours is in the refund's note, and the order's refunds are read first: after a lost
answer nothing is paid back twice. Source: shopify.dev, REST Admin API, Refund and Transaction.
"""

from collections import Counter
from typing import Any

from domain.errors import RefundRefused
from domain.money import Money, NotMoney
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.http import segment
from integrations.payments import GatewayRefund, GatewayRefundStatus
from integrations.platforms import PlatformHttp
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.settings import RefundSettings

TOOK = ("sale", "capture")
GAVE_BACK = ("success", "pending")


class ShopifyRefund:
    def __init__(self, settings: RefundSettings) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        seconds = settings.timeout.total_seconds()
        self._http = PlatformHttp("shopify", str(settings.url), seconds, headers, refusal=RefundRefused)

    def refund(self, asked: ChannelRefund) -> GatewayRefund:
        try:
            for one in self._list(asked.channel_order_id, "refunds"):
                if one.text("note", cut=True) == asked.key:
                    return self._answer(one)
            return self._create(asked, self._parts(asked))
        except (Unreadable, NotMoney):
            raise self._http.trouble("an order's refunds: answered in another shape") from None

    def close(self) -> None:
        self._http.close()

    def _parts(self, asked: ChannelRefund) -> list[dict[str, Any]]:
        """Share the amount out among what each transaction took and has not given back. Raises RefundRefused."""
        transactions = self._list(asked.channel_order_id, "transactions")
        left, gateways = Counter[str](), dict[str, str]()
        for one in transactions:
            kind, minor = one.text("kind"), one.money("amount", asked.amount.currency).minor_units
            if kind in TOOK and one.text("status") == "success":
                left[one.text("id")] += minor
                gateways[one.text("id")] = one.text("gateway")
            elif kind == "refund" and one.text("status") in GAVE_BACK:
                left[one.text("parent_id")] -= minor
        parts, due = [], asked.amount.minor_units
        for parent, gateway in gateways.items():
            if (part := min(due, left[parent])) > 0:
                amount = Money(part, asked.amount.currency).text
                parts.append({"parent_id": int(parent), "amount": amount, "kind": "refund", "gateway": gateway})
                due -= part
        if due:
            raise RefundRefused("more_than_was_paid")
        return parts

    def _create(self, asked: ChannelRefund, parts: list[dict[str, Any]]) -> GatewayRefund:
        refund = {"currency": asked.amount.currency, "note": asked.key, "notify": False, "transactions": parts}
        path = f"/orders/{segment(asked.channel_order_id)}/refunds.json"
        response = self._http.post_json(path, {"refund": refund}, {})
        if response.status_code == 422:
            raise RefundRefused("unprocessable")
        if response.status_code != 201:
            raise self._http.trouble(f"POST refunds.json: answered {response.status_code}")
        return self._answer(open_object(response.content).object("refund"))

    def _answer(self, refund: Reader) -> GatewayRefund:
        statuses = {one.text("status") for one in refund.objects("transactions")}
        if not statuses or not statuses <= set(GAVE_BACK):
            raise RefundRefused("failed")
        pending = "pending" in statuses
        return GatewayRefund(
            refund.need_text("id"), GatewayRefundStatus.PENDING if pending else GatewayRefundStatus.SUCCEEDED
        )

    def _list(self, order_id: str, what: str) -> list[Reader]:
        response = self._http.get(f"/orders/{segment(order_id)}/{what}.json", {})
        if response.status_code == 404:
            raise RefundRefused("no_such_order")
        if response.status_code != 200:
            raise self._http.trouble(f"GET {what}: answered {response.status_code}")
        return open_object(response.content).objects(what)
