"""What a fulfillment order needs of the order around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.desk import Desk
    from workflows.messages import OrderDeadlines


@dataclass(frozen=True)
class House:
    """Its desk, its deadlines, and how to call a person or the order itself."""

    order_id: str
    desk: Desk
    deadlines: OrderDeadlines
    hold: Callable[[str, str, str], Awaitable[None]]
    """`hold(code, reason, key)` raises a hold."""
    released: Callable[..., Awaitable[None]]
    """`released(code, stopped)` returns when there is no such hold, or `stopped()` is true; without it when the order
    is to be canceled."""
    alert: Callable[[str, str, str], Awaitable[None]]
    """`alert(code, subject, reason)` asks a person to look."""
    cancel: Callable[[str], None]
    """`cancel(reason)` ends the order as if somebody had canceled it; what is under way is stopped by who asks."""
    source_again: Callable[[], None]
    """Say that goods are missing which another location may have."""
    minds_changes: bool
    """Whether it lives by an edition that minds what changes while a step is under way."""
    show: Callable[[], None]
    tell: Callable[[], None]
