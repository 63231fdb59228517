"""Request and answer of every undo. An undo must be safe to run twice, and when nothing was done."""

from dataclasses import dataclass


@dataclass(frozen=True)
class UndoRequest:
    """`subject` is what is undone: the order itself, one of its fulfillment orders or a shipment."""

    order_id: str
    subject: str
    reason: str
    actor: str = "baton"


@dataclass(frozen=True)
class Undone:
    """`done` is True if the effect is gone or never was; otherwise `detail` is a short code that says why not."""

    done: bool
    detail: str = ""
