"""WeChat shop: `channels/ec/order/list/get` names changed orders, `channels/ec/order/get` fetches one.

Source: developers.weixin.qq.com/doc/store/shop, order/list/get (update_time_range of seven days, page_size to 100,
next_key), order/get, aftersale/getaftersaleorder.
"""

import json
from datetime import timedelta

from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shop
from integrations.platforms import clock
from integrations.pulls.puller import ListedOrder, Page, PageGone
from integrations.pulls.settings import PullSettings
from integrations.wechat import Wechat

LIST, WHOLE, AFTER_SALE = (
    "/channels/ec/order/list/get",
    "/channels/ec/order/get",
    "/channels/ec/aftersale/getaftersaleorder",
)
MAX_PAGE_SIZE, MAX_AFTER_SALES = 100, 50
NO_SUCH_ORDER = ("100002", "10020052")


class WechatPull:
    """The list says ids only. A whole page is fetched order by order; where only times are asked for, an order counts
    as changed at the begin of its window, which is never later than it was: so the windows are short."""

    longest = timedelta(hours=6)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        seconds = settings.timeout.total_seconds()
        self._wechat = Wechat(str(settings.url), seconds, settings.token.get_secret_value())
        self._size = min(settings.page_size, MAX_PAGE_SIZE)

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        span = {"start_time": int(window.start.timestamp()), "end_time": int(window.end.timestamp())}
        query = {"update_time_range": span, "page_size": self._size} | ({"next_key": page} if page else {})
        answer, response = self._wechat.call(LIST, query)
        if code := self._wechat.refusal_of(answer):
            if page:
                raise PageGone
            raise self._wechat.trouble(LIST, f"error {code}")
        try:
            names = answer.list_of_texts("order_id_list")
            following = answer.text("next_key", 500) if answer.flag("has_more") else ""
        except Unreadable:
            raise self._wechat.trouble(LIST) from None
        if not names and not answer.has("errcode"):
            raise self._wechat.trouble(LIST)
        at = None if whole else window.start
        return Page(tuple(ListedOrder(name, at) for name in names), following, clock(response))

    def order(self, order_id: str) -> bytes | None:
        answer, response = self._wechat.call(WHOLE, {"order_id": order_id})
        if code := self._wechat.refusal_of(answer):
            if code in NO_SUCH_ORDER:
                return None
            raise self._wechat.trouble(WHOLE, f"error {code}")
        try:
            after_sales = answer.object("order").object("aftersale_detail").objects("aftersale_order_list")
            names = [one.text("aftersale_order_id") for one in after_sales[-MAX_AFTER_SALES:]]
            if not answer.has("order"):
                raise self._wechat.trouble(WHOLE)
        except Unreadable:
            raise self._wechat.trouble(WHOLE) from None
        if not names:
            return response.content
        # Only the after-sales orders say what was paid back.
        found = [self._after_sale(name).node for name in names if name]
        return json.dumps({**answer.node, "after_sale_orders": found}, ensure_ascii=False, default=str).encode()

    def close(self) -> None:
        self._wechat.close()

    def _after_sale(self, name: str) -> Reader:
        answer, _ = self._wechat.call(AFTER_SALE, {"after_sale_order_id": name})
        if code := self._wechat.refusal_of(answer):
            raise self._wechat.trouble(AFTER_SALE, f"error {code}")
        try:
            return answer.object("after_sale_order")
        except Unreadable:
            raise self._wechat.trouble(AFTER_SALE) from None
