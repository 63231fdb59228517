"""Douyin shop: `order.searchList` lists changed orders, `order.orderDetail` fetches a whole one.

What is read of an order is always its detail: of one state the list and the detail need not say the same.

Source: op.jinritemai.com, api-docs/15/1342 (page from 0, size to 100, page * size to 50,000, 90 days).
"""

from datetime import timedelta

from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shop
from integrations.douyin import Douyin
from integrations.platforms import clock
from integrations.pulls.puller import ListedOrder, Page
from integrations.pulls.settings import PullSettings

LIST, WHOLE = "order.searchList", "order.orderDetail"
NO_SUCH_ORDER = "isv.parameter-invalid"
MAX_PAGE_SIZE = 100


class DouyinPull:
    """Reads pages from the last to the first: an order that changes meanwhile leaves the window, and those behind it
    move to pages still to be read."""

    longest = timedelta(days=1)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._douyin = Douyin(str(settings.url), settings.timeout.total_seconds(), keys)
        self._size = min(settings.page_size, MAX_PAGE_SIZE)

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        # A page is named with its size, since the setting may change before it is fetched.
        number, size = (int(part) for part in page.split("/")) if page else (-1, self._size)
        query = {
            "update_time_start": int(window.start.timestamp()),
            "update_time_end": int(window.end.timestamp()),
            "order_by": "update_time",
            "order_asc": True,
            "size": size,
        }
        if number < 0:
            first = self._call(LIST, query | {"page": 0, "size": 1})
            number = max(-(-self._total(first) // size) - 1, 0)
        answer, response = self._douyin.call(LIST, query | {"page": number})
        orders = self._data(LIST, answer).objects("shop_order_list")
        following = f"{number - 1}/{size}" if number > 0 else ""
        return Page(tuple(_listed(order) for order in orders), following, clock(response))

    def order(self, order_id: str) -> bytes | None:
        answer, response = self._douyin.call(WHOLE, {"shop_order_id": order_id})
        if self._douyin.refusal_of(answer).startswith(NO_SUCH_ORDER):
            return None
        if not self._data(WHOLE, answer).has("shop_order_detail"):
            return None
        return response.content

    def close(self) -> None:
        self._douyin.close()

    def _call(self, method: str, query: dict[str, object]) -> Reader:
        answer, _ = self._douyin.call(method, query)
        return self._data(method, answer)

    def _data(self, method: str, answer: Reader) -> Reader:
        if code := self._douyin.refusal_of(answer):
            raise self._douyin.trouble(method, f"error {code}")
        try:
            data = answer.object("data")
            data.objects("shop_order_list")
        except Unreadable:
            raise self._douyin.trouble(method) from None
        return data

    def _total(self, data: Reader) -> int:
        try:
            return data.whole("total")
        except Unreadable:
            raise self._douyin.trouble(LIST) from None


def _listed(order: Reader) -> ListedOrder:
    try:
        return ListedOrder(order.text("order_id"), order.seconds("update_time"))
    except Unreadable:
        return ListedOrder("", None)
