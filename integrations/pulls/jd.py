"""JD POP: `jingdong.pop.order.search` lists changed orders whole, `jingdong.pop.order.get` fetches one.

Source: open.jd.com, jingdong.pop.order.search (dateType 0 by change, sortType 0 ascending, a month at a time, changes
of three months, 100 orders a page). It has no unpaid orders.
"""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable
from integrations.channels.translated import Shop
from integrations.jd import Jd, is_done, says_not_there
from integrations.platforms import clock
from integrations.pulls.puller import ListedOrder, Page
from integrations.pulls.settings import PullSettings

LIST, FOUND = "jingdong.pop.order.search", "searchorderinfo_result"
WHOLE, DETAIL = "jingdong.pop.order.get", "orderDetailInfo"
MAX_PAGE_SIZE = 100
STATES = (
    "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,WAIT_GOODS_RECEIVE_CONFIRM,FINISHED_L,TRADE_CANCELED,LOCKED,PAUSE,"
    "POP_ORDER_PAUSE"
)
FIELDS = (
    "orderId,venderId,orderType,payType,orderTotalPrice,orderSellerPrice,orderPayment,freightPrice,sellerDiscount,"
    "orderState,orderStateRemark,orderRemark,venderRemark,orderStartTime,orderEndTime,paymentConfirmTime,modified,"
    "consigneeInfo,itemInfoList,couponDetailList,pin,open_id_buyer,waybill,logisticsId,oaid"
)


class JdPull:
    """Reads pages from the last to the first: an order that changes meanwhile leaves the window, and those behind it
    move to pages still to be read."""

    longest = timedelta(days=1)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        keys = settings.key, settings.secret.get_secret_value(), settings.token.get_secret_value()
        self._jd = Jd(str(settings.url), settings.timeout.total_seconds(), keys, shop.zone)
        self._zone = ZoneInfo(shop.zone)
        self._size = min(settings.page_size, MAX_PAGE_SIZE)

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        # A page is named with its size, since the setting may change before it is fetched.
        number, size = (int(part) for part in page.split("/")) if page else (0, self._size)
        query = {
            "start_date": self._jd.local(window.start),
            "end_date": self._jd.local(window.end),
            "order_state": STATES,
            "optional_fields": FIELDS if whole else "orderId,modified",
            "page_size": str(size),
            "sortType": "0",
            "dateType": "0",
        }
        try:
            if not number:
                first, _ = self._jd.call(LIST, FOUND, query | {"page": "1"})
                number = max(-(-self._checked(first).whole("orderTotal") // size), 1)
            found, response = self._jd.call(LIST, FOUND, query | {"page": str(number)})
            orders = self._checked(found).objects("orderInfoList")
        except Unreadable:
            raise self._jd.trouble(LIST) from None
        following = f"{number - 1}/{size}" if number > 1 else ""
        return Page(tuple(self._listed(order, whole) for order in orders), following, clock(response))

    def order(self, order_id: str) -> bytes | None:
        detail, response = self._jd.call(WHOLE, DETAIL, {"order_id": order_id, "optional_fields": FIELDS})
        try:
            if detail.has("orderInfo"):
                return response.content
            if says_not_there(detail.object("apiResult")):
                return None
        except Unreadable:
            pass
        raise self._jd.trouble(WHOLE)

    def close(self) -> None:
        self._jd.close()

    def _checked(self, found: Reader) -> Reader:
        if not is_done(found.object("apiResult")):
            raise self._jd.trouble(LIST, "its apiResult says no")
        return found

    def _listed(self, order: Reader, whole: bool) -> ListedOrder:
        raw = json.dumps(order.node, ensure_ascii=False, default=str).encode() if whole else None
        try:
            return ListedOrder(order.text("orderId"), order.time("modified", self._zone.key), raw)
        except Unreadable:
            return ListedOrder("", None, raw)
