"""What a customer may do with an order by themselves now: a table of acts, each with its rule.

It says what the page offers. The act itself is the API's, which may still refuse it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.returns.terms import ANY, Window
from domain.status import ORDER, FulfillmentStatus, is_final
from domain.waiting import Standing

DAYS_AHEAD = 14
"""How many days, from tomorrow on, a customer may choose from."""


class Act(StrEnum):
    CANCEL = "cancel"
    ADDRESS = "address"
    DAY = "day"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class SelfServiceBasis:
    """`delivered_at` is when the last part was delivered, None before; `returnable` are units by line number that were
    delivered and are in no return case; `windows` are the return windows by goods class."""

    standing: Standing
    now: datetime
    past: bool = False
    masked: bool = False
    """True if the channel masks the receiver: only there the address can be changed."""
    delivered_at: datetime | None = None
    returnable: Mapping[int, int] | None = None
    windows: Mapping[str, Window] | None = None

    @property
    def return_until(self) -> datetime | None:
        """The end of the longest window, after which no return is offered; None if there is no window."""
        if self.delivered_at is None or not self.windows:
            return None
        return max(window.ends(self.delivered_at) for window in self.windows.values())

    @property
    def return_until_usually(self) -> datetime | None:
        """The end of the window of ordinary goods, to be shown."""
        window = (self.windows or {}).get(ANY)
        return window.ends(self.delivered_at) if window and self.delivered_at else None


def may_do(order: SelfServiceBasis) -> list[Act]:
    """Return the acts that are offered now, in the order in which they are shown."""
    return [act for act, rule in RULES.items() if rule(order)]


def days_to_choose(today: date) -> Sequence[date]:
    return [today + timedelta(days=number) for number in range(1, DAYS_AHEAD + 1)]


def _is_here(order: SelfServiceBasis) -> bool:
    """True while the order is under way and no part has left."""
    return not (order.past or is_final(ORDER, order.standing.status) or order.standing.has_left)


def _may_change_address(order: SelfServiceBasis) -> bool:
    return _is_here(order) and not order.standing.pickup and not order.masked


def _may_choose_day(order: SelfServiceBasis) -> bool:
    ready = any(part.ready or part.status is FulfillmentStatus.PACKED for part in order.standing.parts)
    return _is_here(order) and not ready


def _may_return(order: SelfServiceBasis) -> bool:
    if order.past or not any((order.returnable or {}).values()):
        return False
    return order.return_until is None or order.now < order.return_until


RULES: Mapping[Act, Callable[[SelfServiceBasis], bool]] = {
    Act.DAY: _may_choose_day,
    Act.ADDRESS: _may_change_address,
    Act.RETURN: _may_return,
    Act.CANCEL: _is_here,
}
