"""Turn what a channel reports into stored events, which the relay carries; the order may not have arrived yet."""

from collections.abc import Iterator
from hashlib import sha256

from domain.ids import channel_order_subject
from domain.order import Order
from integrations.channels.translated import Kind
from record.channels.reading import Reading
from record.messages.partner_events import NewEvent

PARTNER = "channel"
PAID, CHANGED, CANCEL, RETURN = "order.paid", "order.changed", "order.cancel_requested", "return.requested"
EDIT = "order.edit_asked"
ELSEWHERE, DISPUTED = "order.shipped_elsewhere", "order.disputed"
CASE = "channel"
"""The case id of a channel that only says "refund asked": one case per order."""


def events_of(channel: str, reading: Reading, new: bool) -> Iterator[NewEvent]:
    """Yield the events of a reading; the same for the same reading."""
    if reading.order is not None:
        # A new order asks the gateway by itself.
        kinds = reading.kinds - {Kind.PAID} if new else reading.kinds
        yield from _about(channel, reading.order.channel_order_id, kinds, reading.version)
        if Kind.REFUND_ASKED in reading.kinds:
            yield _return(channel, reading.order)
    for thin in reading.wanted:
        # To cancel or to check a payment the order's name is enough.
        yield from _about(channel, thin.order_id, frozenset({thin.kind}), thin.event_id)


def edit_asked(channel: str, channel_order_id: str, version: str) -> NewEvent:
    """Return the event that has the order's workflow make an edit of the channel; it has the edit's id."""
    subject = channel_order_subject(channel, channel_order_id)
    return NewEvent(PARTNER, edit_id_of(channel, channel_order_id, version), EDIT, subject, {})


def edit_id_of(channel: str, channel_order_id: str, version: str) -> str:
    return _event(channel, channel_order_id, EDIT, version).event_id


def changed(channel: str, channel_order_id: str, version: str) -> NewEvent:
    """Return the event that has the order audited again because its receiver changed."""
    return _event(channel, channel_order_id, CHANGED, version)


def shipped_elsewhere(channel: str, channel_order_id: str, version: str) -> NewEvent:
    """Return the event that has the order's workflow take out what the channel shipped itself."""
    return _event(channel, channel_order_id, ELSEWHERE, version)


def disputed(channel: str, channel_order_id: str, state: str) -> NewEvent:
    """Return the event that has the order's workflow look at a dispute, once for each state of it."""
    return _event(channel, channel_order_id, DISPUTED, state)


def _about(channel: str, channel_order_id: str, kinds: frozenset[Kind], version: str) -> Iterator[NewEvent]:
    if Kind.PAID in kinds:
        yield _event(channel, channel_order_id, PAID, version)
    if Kind.CANCELED in kinds:
        yield _event(channel, channel_order_id, CANCEL)


def _return(channel: str, order: Order) -> NewEvent:
    data = {
        "case_id": CASE,
        "channel": channel,
        "channel_order_id": order.channel_order_id,
        "reason": "the customer asked the channel for a refund",
        "lines": [{"line_no": line.line_no, "quantity": line.quantity} for line in order.lines],
    }
    event = _event(channel, order.channel_order_id, RETURN)
    return NewEvent(event.partner, event.event_id, event.type, event.subject, data)


def _event(channel: str, channel_order_id: str, kind: str, version: str = "") -> NewEvent:
    subject = channel_order_subject(channel, channel_order_id)
    # Hashed, so that its length does not depend on the channel's names.
    name = sha256(f"{subject} {kind} {version}".encode()).hexdigest()[:40]
    return NewEvent(PARTNER, name, kind, subject, {})
