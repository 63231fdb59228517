"""What every platform's list gives: pages of orders by the time of their last change."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.pulling import Window


@dataclass(frozen=True, slots=True)
class Listed:
    """One order of a list. `raw` is None where the list does not carry the whole order, which must be fetched then.

    Where the list's entry cannot be read `order_id` is empty or `modified_at` is None.
    """

    order_id: str
    modified_at: datetime | None
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next_page` is empty on the last page. `at` is the platform's clock, `rest` the seconds to wait before the next
    call so that its limit is not reached."""

    orders: tuple[Listed, ...]
    next_page: str
    at: datetime | None
    rest: float = 0.0


class PageGone(Exception):
    """The platform no longer knows this page: the window must be begun again."""


class Puller(Protocol):
    """Every method raises CallLimited, PullRefused or PartnerTrouble; none changes anything at the platform."""

    longest: timedelta
    """The longest window that `page` answers for."""

    def page(self, window: Window, page: str, *, whole: bool) -> Page:
        """A page of the window, the first one for an empty `page`; of ids and times only if not `whole`."""
        ...

    def order(self, order_id: str) -> bytes | None:
        """One whole order as its translator reads it, or None if the platform has no such order."""
        ...

    def close(self) -> None: ...
