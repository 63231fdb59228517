"""Taobao and Tmall: `trades.sold.increment.get` names what has changed, `trade.fullinfo.get` gives a whole trade."""

import hmac
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2

from domain.errors import PullRefused
from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.channels.translated import Shop
from integrations.platforms import PlatformHttp, clock
from integrations.pulls.listed import Listed, Page
from integrations.pulls.settings import PullSettings

LIST, WHOLE = "taobao.trades.sold.increment.get", "taobao.trade.fullinfo.get"
FIELDS = (
    "tid,tid_str,type,status,created,pay_time,modified,buyer_nick,buyer_open_uid,buyer_message,seller_memo,seller_flag,"
    "total_fee,discount_fee,post_fee,payment,alipay_no,step_trade_status,order_tax_fee,receiver_name,receiver_mobile,"
    "receiver_phone,receiver_state,receiver_city,receiver_district,receiver_town,receiver_address,receiver_zip,oaid,"
    "orders,promotion_details"
)
LIMITED, NOT_ALLOWED = "7", ("11", "12", "13", "21", "22", "24", "25", "26", "27", "28", "29")
NO_SUCH_TRADE = "isv.trade-not-exist"
BAN = re.compile(r"ban will last for (\d+) more second")
LARGEST_PAGE = 100


class TaobaoPull:
    """Pages are read from the last to the first: a trade that changes meanwhile leaves the window, and those behind it
    move to pages that are still to be read, never to one that was."""

    longest = timedelta(days=1)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        self._http = PlatformHttp("taobao", str(settings.url), settings.timeout.total_seconds())
        self._settings = settings
        self._zone = ZoneInfo(shop.zone)
        self._size = min(settings.page_size, LARGEST_PAGE)

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        # The page is named with its size, which may be another one when it is asked for.
        number, size = (int(part) for part in page.split("/")) if page else (0, self._size)
        asked = {
            "start_modified": self._local(window.start),
            "end_modified": self._local(window.end),
            "page_size": str(size),
        }
        number = number or self._last_page(asked)
        answer, response = self._call(LIST, fields="tid,modified", page_no=str(max(number, 1)), **asked)
        trades = answer.inside("trades_sold_increment_get_response").object("trades").objects("trade")
        return Page(
            orders=tuple(self._listed(trade) for trade in trades),
            next_page=f"{number - 1}/{size}" if number > 1 else "",
            at=clock(response),
        )

    def order(self, order_id: str) -> bytes | None:
        answer, response = self._call(WHOLE, fields=FIELDS, tid=order_id)
        return None if answer.has("error_response") else response.content

    def close(self) -> None:
        self._http.close()

    def _last_page(self, asked: dict[str, str]) -> int:
        answer, _ = self._call(LIST, fields="tid", page_no="1", use_has_next="false", **asked)
        total = answer.inside("trades_sold_increment_get_response").whole("total_results")
        return -(-total // self._size)

    def _listed(self, trade: Reader) -> Listed:
        try:
            return Listed(trade.text("tid"), trade.time("modified", self._zone.key))
        except Unreadable:
            return Listed("", None)

    def _call(self, method: str, **fields: str) -> tuple[Reader, httpx2.Response]:
        """The answer, which may only be an error in that there is no such trade."""
        response = self._http.post_form(self._signed({"method": method, **fields}))
        try:
            answer = open_object(response.content)
            error = answer.object("error_response")
            code, reason = error.text("code"), error.text("sub_code")
        except Unreadable:
            raise self._http.trouble(f"{method}: answered {response.status_code} without an object") from None
        if code == LIMITED:
            ban = BAN.search(error.text("sub_msg", 500, cut=True))
            raise self._http.limited(ban[1] if ban else "")
        if code in NOT_ALLOWED:
            raise PullRefused("not_allowed", f"taobao: {method}: error {code}")
        if code and reason != NO_SUCH_TRADE:
            raise self._http.trouble(f"{method}: error {code}")
        return answer, response

    def _signed(self, fields: dict[str, str]) -> dict[str, str]:
        whole = fields | {
            "app_key": self._settings.key,
            "session": self._settings.token.get_secret_value(),
            "timestamp": self._local(datetime.now(self._zone)),
            "format": "json",
            "v": "2.0",
            "sign_method": "hmac-sha256",
        }
        text = "".join(name + whole[name] for name in sorted(whole))
        key = self._settings.secret.get_secret_value().encode()
        return whole | {"sign": hmac.digest(key, text.encode(), "sha256").hex().upper()}

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
