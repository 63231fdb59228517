"""The interface of pull clients: pages of orders by the time of their last change."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.pulling import Window


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One order of a list. `raw` is None if the list does not carry the whole order, which then must be fetched.

    For an unreadable entry `order_id` is empty or `modified_at` is None.
    """

    order_id: str
    modified_at: datetime | None
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next_page` is empty on the last one, `at` is the platform's clock, and `rest` the seconds to
    wait before the next call so as to stay within the platform's limit."""

    orders: tuple[ListedOrder, ...]
    next_page: str
    at: datetime | None
    rest: float = 0.0


class PageGone(Exception):
    """The platform no longer knows this page: start the window again."""


class Puller(Protocol):
    """Every method raises CallLimited, PullRefused or PartnerTrouble; none changes anything at the platform."""

    longest: timedelta
    """The longest window that `page` accepts."""

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        """Fetch a page of the window, the first one for an empty `page`; only ids and times unless `whole`."""
        ...

    def order(self, order_id: str) -> bytes | None:
        """Fetch one whole order for the translator; None if the platform has no such order."""
        ...

    def close(self) -> None: ...
