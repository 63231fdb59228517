"""Ids of orders, workflows, messages and tasks, made in one place so that every part of Baton finds them."""

import secrets
import time
from datetime import datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ORDERS_QUEUE = "orders"
"""The task queue, unless the settings say otherwise."""
PAIRS = [first + second for first in CROCKFORD for second in CROCKFORD]


def new_order_id(at: datetime | None = None) -> str:
    """A ULID of 26 letters and digits: it sorts by time of receipt, or by `at`, and is easy to read aloud."""
    milliseconds = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    number = milliseconds << 80 | secrets.randbits(80)
    return "".join([PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def new_subscription_id() -> str:
    return f"sub_{new_order_id()}"


def new_bulk_id() -> str:
    return f"bulk_{new_order_id()}"


def new_key_id() -> str:
    """The public id of an API key. It may be shown; it is not the key."""
    return f"key_{new_order_id()}"


def new_promise_id() -> str:
    """Nobody guesses it: whoever knows it may give an order its promise."""
    return f"promise_{new_order_id()}"


def event_message_id(event_id: int) -> str:
    """The message id that a subscriber gets, the same for every attempt and replay of the event."""
    return f"evt_{event_id}"


def new_ping_id() -> str:
    return f"ping_{new_order_id()}"


def order_workflow_id(channel: str, channel_order_id: str) -> str:
    return f"order/{channel}/{channel_order_id}"


def return_workflow_id(channel: str, channel_order_id: str, case_id: str) -> str:
    return f"return/{channel}/{channel_order_id}/{case_id}"


def pull_id(channel: str) -> str:
    """Id of the schedule. Temporal appends the start time for the id of each run."""
    return f"pull/{channel}"


def reconcile_id(channel: str) -> str:
    return f"reconcile/{channel}"


def statement_id(partner: str) -> str:
    """Id of the schedule that compares the partner's books with the record, and the beginning of its runs' ids."""
    return f"statements/{partner}"


NIGHTLY_LEAD_TIMES = "nightly/lead-times"
"""Id of the schedule that learns lead times, and the beginning of its runs' ids."""


def push_id(channel: str) -> str:
    """Id of the run that pushes stock to the channel; one runs at a time."""
    return f"push/{channel}"


def delivery_workflow_id(subscription_id: str) -> str:
    """Id of the run that delivers to a subscriber; one runs at a time."""
    return f"deliver/{subscription_id}"


def redelivery_id(recipient: str, task_queue: str = ORDERS_QUEUE) -> str:
    """Id of the run that sends a recipient its messages; one runs at a time. Another Baton in the same namespace works
    on another task queue."""
    return f"redeliver/{recipient}" + (f"/{task_queue}" if task_queue != ORDERS_QUEUE else "")


def inquiry_id(partner: str) -> str:
    """Id of the run that asks a partner about work that it is silent about; one runs at a time."""
    return f"inquiries/{partner}"


def settlement_id(order_id: str) -> str:
    """Id of the run that pays back money which came after the order had ended."""
    return f"settlement/{order_id}"


def bulk_workflow_id(bulk_id: str) -> str:
    """Id of the run that carries a bulk out; one runs at a time."""
    return f"bulk/{bulk_id}"


def new_export_id() -> str:
    return f"exp_{new_order_id()}"


def export_schedule_id(export_id: str) -> str:
    """Id of the schedule. Temporal appends the start time for the id of each run."""
    return f"export/{export_id}"


def errand_queue(task_queue: str) -> str:
    """The task queue of long work that staff ask for, with a few slots of its own, so that it takes none from
    orders."""
    return f"{task_queue}-errands"


def message_queue(task_queue: str) -> str:
    """The task queue of all that sends messages. It has a few slots of its own, so that slow receivers take none from
    orders."""
    return f"{task_queue}-messages"


def fulfillment_order_id(order_id: str, number: int) -> str:
    return f"{order_id}-{number}"


def number_of(fulfillment_order_id: str) -> str:
    """Return the number of a fulfillment order within its order."""
    return fulfillment_order_id.rpartition("-")[2]


def return_id(order_id: str, case_id: str) -> str:
    return f"{order_id}-R-{case_id}"


def new_credit_code() -> str:
    """A random code by which a customer redeems a store credit; it reveals nothing about the customer."""
    return f"SC-{_random_code(12)}"


def new_card_code() -> str:
    """A random code by which whoever holds a gift card redeems it."""
    return f"GC-{_random_code(16)}"


def follow_up_number(channel_order_id: str, case_id: str) -> str:
    """Our own channel order id for the order that an exchange or reship sends. No channel gives out ids of this
    form."""
    return f"X-{channel_order_id}-{case_id}"


def channel_order_subject(channel: str, channel_order_id: str) -> str:
    """The subject of a webhook about an order that may not have arrived yet."""
    return f"{channel}/{channel_order_id}"


def _random_code(length: int) -> str:
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))
