"""How things are named, so that every part of Baton finds them by the same words."""

import secrets
import time

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in CROCKFORD for second in CROCKFORD]


def new_order_id() -> str:
    """26 letters and digits in the form of a ULID: they sort by the time of receipt and are safe to read out."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join([PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def new_subscription_id() -> str:
    return f"sub_{new_order_id()}"


def new_key_id() -> str:
    """Of a key to the API: it may be shown, and is not the key."""
    return f"key_{new_order_id()}"


def event_message_id(event_id: int) -> str:
    """What a subscriber is told under: the same for every try and every replay of the event."""
    return f"evt_{event_id}"


def new_ping_id() -> str:
    return f"ping_{new_order_id()}"


def order_workflow_id(channel: str, channel_order_id: str) -> str:
    return f"order/{channel}/{channel_order_id}"


def return_workflow_id(channel: str, channel_order_id: str, case_id: str) -> str:
    return f"return/{channel}/{channel_order_id}/{case_id}"


def pull_id(channel: str) -> str:
    """Of the schedule and, before the time of its start, of each run."""
    return f"pull/{channel}"


def reconcile_id(channel: str) -> str:
    return f"reconcile/{channel}"


def statement_id(partner: str) -> str:
    """Of the schedule that compares the partner's books with ours and, before the time of its start, of each run."""
    return f"statements/{partner}"


NIGHTLY_LEAD_TIMES = "nightly/lead-times"
"""Of the schedule that learns lead times and, before the time of its start, of each run."""


def push_id(channel: str) -> str:
    """Of the run that pushes stock to the channel: there is one at a time."""
    return f"push/{channel}"


def delivery_workflow_id(subscription_id: str) -> str:
    """Of the run that tells a subscriber: there is one at a time."""
    return f"deliver/{subscription_id}"


def redelivery_id(recipient: str) -> str:
    """Of the run that sends a recipient again what had been parked."""
    return f"redeliver/{recipient}"


def inquiry_id(partner: str) -> str:
    """Of the run that asks a partner about what it is silent about: there is one at a time."""
    return f"inquiries/{partner}"


def settlement_id(order_id: str) -> str:
    """Of the run that settles money which came after the order had ended."""
    return f"settlement/{order_id}"


def message_queue(task_queue: str) -> str:
    """The task queue of what is sent to strangers: with few slots of its own, of which orders need none."""
    return f"{task_queue}-messages"


def fulfillment_order_id(order_id: str, number: int) -> str:
    return f"{order_id}-{number}"


def return_id(order_id: str, case_id: str) -> str:
    return f"{order_id}-R-{case_id}"


def new_credit_code() -> str:
    """What a customer and a shop call a store credit; it says nothing of either."""
    return f"SC-{''.join(secrets.choice(CROCKFORD) for _ in range(12))}"


def follow_up_number(channel_order_id: str, case_id: str) -> str:
    """The channel order id of the order that an exchange or reship sends; no channel ever gave such a one."""
    return f"X-{channel_order_id}-{case_id}"


def channel_order_subject(channel: str, channel_order_id: str) -> str:
    """How a webhook names an order that may not have come yet."""
    return f"{channel}/{channel_order_id}"
