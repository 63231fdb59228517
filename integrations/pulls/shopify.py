"""Shopify: `orders.json` of the Admin REST API (2025), oldest change first; changes do not shift its cursors."""

import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from domain.pulling import Window
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.channels.translated import Shop
from integrations.http import read_object, segment
from integrations.platforms import PlatformHttp, clock
from integrations.pulls.puller import ListedOrder, Page, PageGone
from integrations.pulls.settings import PullSettings

NO_SUCH_ORDER = (400, 404, 410)
NEARLY_FULL, REST_SECONDS = 0.8, 2.0
"""Shopify's bucket of calls drains by two a second: from this fill on, wait for REST_SECONDS."""


class ShopifyPull:
    longest = timedelta(days=30)

    def __init__(self, settings: PullSettings, shop: Shop) -> None:
        headers = {"X-Shopify-Access-Token": settings.token.get_secret_value()}
        self._http = PlatformHttp("shopify", str(settings.url), settings.timeout.total_seconds(), headers)
        self._size = settings.page_size

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        params: dict[str, str | int] = {"limit": self._size}
        if page:
            # Shopify accepts no filters beside a cursor, which contains them.
            params["page_info"] = page
        else:
            begins, ends = (moment.astimezone(UTC).isoformat() for moment in (window.start, window.end))
            params |= {"status": "any", "order": "updated_at asc", "updated_at_min": begins, "updated_at_max": ends}
        if not whole:
            params["fields"] = "id,updated_at"
        response = self._http.get("/orders.json", params)
        if response.status_code == 400 and page:
            raise PageGone
        return Page(
            orders=tuple(_listed(order, whole) for order in self._orders(response)),
            next_page=_page_info(response),
            at=clock(response),
            rest=_rest(response.headers.get("x-shopify-shop-api-call-limit", "")),
        )

    def order(self, order_id: str) -> bytes | None:
        response = self._http.get(f"/orders/{segment(order_id)}.json", {})
        if response.status_code in NO_SUCH_ORDER:
            return None
        order = (read_object(response.content) or {}).get("order")
        if response.status_code != 200 or not isinstance(order, dict) or str(order.get("id")) != order_id:
            raise self._http.trouble(f"an order: answered {response.status_code} without it")
        return response.content

    def close(self) -> None:
        self._http.close()

    def _orders(self, response: httpx2.Response) -> list[Any]:
        answer = read_object(response.content) if response.status_code == 200 else None
        orders = (answer or {}).get("orders")
        if not isinstance(orders, list):
            raise self._http.trouble(f"the list: answered {response.status_code} without orders")
        return orders


def _listed(order: Any, whole: bool) -> ListedOrder:
    raw = json.dumps(order, ensure_ascii=False).encode() if whole else None
    try:
        entry: Reader = open_object(order if isinstance(order, Mapping) else b"")
        return ListedOrder(entry.text("id"), entry.time("updated_at"), raw)
    except Unreadable:
        return ListedOrder("", None, raw)


def _page_info(response: httpx2.Response) -> str:
    following = response.links.get("next", {}).get("url", "")
    return parse_qs(urlsplit(following).query).get("page_info", [""])[0]


def _rest(limit: str) -> float:
    """Seconds to wait for a header such as `32/40`: calls in the bucket and its size."""
    used, _, size = limit.partition("/")
    if not (used.isdigit() and size.isdigit()):
        return 0.0
    return REST_SECONDS if int(used) >= NEARLY_FULL * int(size) else 0.0
