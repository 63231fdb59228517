"""Taobao and Tmall: `trades.sold.increment.get` lists changed trades, `trade.fullinfo.get` fetches a whole one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2

from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shop
from integrations.platforms import clock
from integrations.pulls.puller import ListedOrder, Page
from integrations.pulls.settings import PullSettings
from integrations.taobao import Taobao

LIST, WHOLE = "taobao.trades.sold.increment.get", "taobao.trade.fullinfo.get"
FIELDS = (
    "tid,tid_str,type,status,created,pay_time,modified,buyer_nick,buyer_open_uid,buyer_message,seller_memo,seller_flag,"
    "total_fee,discount_fee,post_fee,payment,alipay_no,step_trade_status,order_tax_fee,receiver_name,receiver_mobile,"
    "receiver_phone,receiver_state,receiver_city,receiver_district,receiver_town,receiver_address,receiver_zip,oaid,"
    "orders,promotion_details"
)
NO_SUCH_TRADE = "isv.trade-not-exist"
MAX_PAGE_SIZE = 100


class TaobaoPull:
    """Reads pages from the last to the first: a trade that changes meanwhile leaves the window, and those behind it
    move to pages still to be read, never to one already read."""

    longest = timedelta(days=1)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._taobao = Taobao(str(settings.url), settings.timeout.total_seconds(), keys, shop.zone)
        self._zone = ZoneInfo(shop.zone)
        self._size = min(settings.page_size, MAX_PAGE_SIZE)

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        # A page is named with its size, since the setting may change before it is fetched.
        number, size = (int(part) for part in page.split("/")) if page else (0, self._size)
        query = {
            "start_modified": self._local(window.start),
            "end_modified": self._local(window.end),
            "page_size": str(size),
        }
        number = number or self._last_page(query)
        answer, response = self._call(LIST, fields="tid,modified", page_no=str(max(number, 1)), **query)
        trades = answer.unwrap("trades_sold_increment_get_response").object("trades").objects("trade")
        return Page(
            orders=tuple(self._listed(trade) for trade in trades),
            next_page=f"{number - 1}/{size}" if number > 1 else "",
            at=clock(response),
        )

    def order(self, order_id: str) -> bytes | None:
        answer, response = self._call(WHOLE, fields=FIELDS, tid=order_id)
        return None if answer.has("error_response") else response.content

    def close(self) -> None:
        self._taobao.close()

    def _last_page(self, query: dict[str, str]) -> int:
        answer, _ = self._call(LIST, fields="tid", page_no="1", use_has_next="false", **query)
        total = answer.unwrap("trades_sold_increment_get_response").whole("total_results")
        return -(-total // self._size)

    def _listed(self, trade: Reader) -> ListedOrder:
        try:
            return ListedOrder(trade.text("tid"), trade.time("modified", self._zone.key))
        except Unreadable:
            return ListedOrder("", None)

    def _call(self, method: str, **fields: str) -> tuple[Reader, httpx2.Response]:
        """Call Taobao; the only error that is returned and not raised is an unknown trade."""
        answer, response = self._taobao.call(method, **fields)
        if answer.has("error_response") and answer.object("error_response").text("sub_code") != NO_SUCH_TRADE:
            raise self._taobao.trouble(method, answer)
        return answer, response

    def _local(self, moment: datetime) -> str:
        return self._taobao.local(moment)
