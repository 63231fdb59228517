"""Write docs/asyncapi.yaml anew: `python -m tests.docs.asyncapi`, after the table of public events was changed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from domain.ids import event_message_id
from domain.public_events import PING, PUBLIC, public_type
from record.subscriptions.envelope import CONTENT_TYPE, SOURCE, event_body, ping_body
from record.subscriptions.log import Entry

PAGE = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
ORDER, AT = "01JGFH1S8ZXQ0V3M6W9T2K4B7D", datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
UNITS = {"type": "object", "additionalProperties": NUMBER}
TOTAL = {"type": "object", "required": ["amount", "currency"], "properties": {"amount": TEXT, "currency": TEXT}}
WORK = {"fulfillment_order_id": TEXT, "location_id": TEXT, "units": NUMBER}

# Of each field its schema and an example.
FIELDS: dict[str, tuple[dict[str, Any], Any]] = {
    "action": (TEXT, "substitute"),
    "amount": (TEXT | {"description": "In the currency beside it"}, "250.00"),
    "carrier": (TEXT, "sf-express"),
    "code": (TEXT | {"description": "A code of a hold or an alert, see docs/support.md"}, "ADDRESS"),
    "codes": ({"type": "array", "items": TEXT}, ["ADDRESS"]),
    "currency": (TEXT, "CNY"),
    "fulfillment_order_id": (TEXT, f"{ORDER}-1"),
    "line_no": (NUMBER | {"description": "0 is the whole order"}, 0),
    "lines": (UNITS | {"description": "Units by the number of the order's line"}, {"1": 2}),
    "location_id": (TEXT, "HANGZHOU"),
    "locations": ({"type": "array", "items": TEXT}, ["HANGZHOU"]),
    "occurred_at": (TEXT | {"format": "date-time"}, "2026-01-01T09:29:00+00:00"),
    "parcels": (NUMBER, 1),
    "refund_id": (TEXT, "RF-1"),
    "return_id": (TEXT, f"{ORDER}-R-7"),
    "shipment_id": (TEXT, f"{ORDER}-1-S1"),
    "short": (UNITS | {"description": "Units by SKU"}, {"ELEGANT-LAMP": 1}),
    "sku": (TEXT, "ELEGANT-LAMP"),
    "status": (TEXT, "in_transit"),
    "substitute_sku": (TEXT, "PLAIN-LAMP"),
    "units": (NUMBER, 3),
    "waybill": (TEXT, "SF1000000001"),
    "work": (
        {"type": "array", "items": {"type": "object", "properties": WORK}},
        [{"fulfillment_order_id": f"{ORDER}-1", "location_id": "HANGZHOU", "units": 3}],
    ),
}
RECEIVER = {"type": "object", "description": "Only where the subscription has `people`: name, phone, address"}


def example_of(event: str, number: int = 4711) -> str:
    """The body that is sent for an event of this type."""
    data = {name: FIELDS[name][1] for name in PUBLIC[event].fields} | {"reason": "somebody wrote this"}
    return event_body(Entry(number, ORDER, AT, event, data, "tmall", "TM-1", "CNY", 25_000, {"name": "Lin Xia"}))


def document() -> dict[str, Any]:
    """The whole page."""
    messages = {_name(event): _message(event) for event in PUBLIC} | {"ping": _ping()}
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "What Baton tells subscribers",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 as JSON (structured mode), signed by Standard Webhooks. Events come at "
            "least once: `id` stays the same, so take each id once. Those of one order come in order.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "subscriber": {"address": None, "description": "The URL of a subscription", "messages": refs},
            "stream": {"address": "/events/stream", "description": "The same as server-sent events", "messages": refs},
        },
        "operations": {
            "tell": {"action": "send", "channel": {"$ref": "#/channels/subscriber"}},
            "show": {"action": "send", "channel": {"$ref": "#/channels/stream"}},
        },
        "components": {"messages": messages, "schemas": {"headers": _headers()}},
    }


def _name(event: str) -> str:
    first, *rest = event.replace(".", "_").split("_")
    return first + "".join(part.title() for part in rest)


def _message(event: str) -> dict[str, Any]:
    public = PUBLIC[event]
    about = {"order_id": TEXT, "channel": TEXT, "channel_order_id": TEXT}
    data = about | {name: FIELDS[name][0] for name in public.fields} | ({"total": TOTAL} if public.total else {})
    data |= {"receiver": RECEIVER}
    attributes = {"subject": TEXT, "partitionkey": TEXT, "sequence": TEXT | {"pattern": "^[0-9]{19}$"}}
    return _told(public_type(event), public.title, attributes, data, list(about), yaml.safe_load(example_of(event)))


def _ping() -> dict[str, Any]:
    example = yaml.safe_load(ping_body("ping_01JGFH1S8ZXQ0V3M6W9T2K4B7E", AT, "sub_01JGFH1S8ZXQ0V3M6W9T2K4B7C"))
    attributes, data = {"subject": TEXT}, {"subscription_id": TEXT}
    return _told(PING, "Somebody tries the receiver", attributes, data, list(data), example)


def _told(
    kind: str, title: str, attributes: dict[str, Any], data: dict[str, Any], needed: list[str], example: Any
) -> dict[str, Any]:
    properties = {
        "specversion": {"const": "1.0"},
        "id": TEXT | {"description": f"Like {event_message_id(4711)}; the webhook-id too"},
        "source": {"const": SOURCE},
        "type": {"const": kind},
        "time": TEXT | {"format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        **attributes,
        "data": {"type": "object", "required": needed, "additionalProperties": False, "properties": data},
    }
    payload = {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}
    return {
        "name": kind,
        "title": title,
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": payload,
        "examples": [{"payload": example}],
    }


def _headers() -> dict[str, Any]:
    signature = "`v1,` and base64; while a secret is rotated two of them with a blank between"
    return {
        "type": "object",
        "properties": {
            "webhook-id": TEXT,
            "webhook-timestamp": TEXT | {"description": "Unix seconds of this try"},
            "webhook-signature": TEXT | {"description": signature},
        },
    }


class _Plain(yaml.SafeDumper):
    """Without anchors, which readers of such pages do not all know."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def written() -> str:
    return yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    PAGE.write_text(written())
