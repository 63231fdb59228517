"""The body of a delivery: a CloudEvent 1.0 in structured JSON mode."""

from datetime import UTC, datetime
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from domain.ids import event_message_id
from domain.money import Money
from domain.public_events import PING, PUBLIC, public_data, public_type
from record.subscriptions.log import Entry

SOURCE = "/baton/orders"
CONTENT_TYPE = "application/cloudevents+json"
_FORMAT = JSONFormat()


def event_body(entry: Entry, people: bool = False) -> str:
    """Return the event of a fact, the same for every attempt. With `people` it includes the receiver.

    `sequence` sorts as text and grows along the log; events with one `partitionkey` are delivered in order.
    """
    data: dict[str, Any] = {
        "order_id": entry.order_id,
        "channel": entry.channel,
        "channel_order_id": entry.channel_order_id,
        **public_data(entry.type, entry.data),
    }
    if PUBLIC[entry.type].total:
        data["total"] = {"amount": Money(entry.total_minor, entry.currency).text, "currency": entry.currency}
    if people:
        data["receiver"] = entry.receiver
    attributes = {
        "id": event_message_id(entry.event_id),
        "source": SOURCE,
        "type": public_type(entry.type),
        "subject": entry.order_id,
        "time": entry.at.astimezone(UTC),
        "datacontenttype": "application/json",
        "partitionkey": entry.order_id,
        "sequence": f"{entry.event_id:019}",
    }
    return _FORMAT.write(CloudEvent(attributes, data)).decode()


def ping_body(message_id: str, at: datetime, subscription_id: str) -> str:
    """Return a test event, about no order."""
    attributes = {
        "id": message_id,
        "source": SOURCE,
        "type": PING,
        "subject": subscription_id,
        "time": at.astimezone(UTC),
        "datacontenttype": "application/json",
    }
    return _FORMAT.write(CloudEvent(attributes, {"subscription_id": subscription_id})).decode()
