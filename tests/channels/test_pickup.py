"""Orders that the customer picks up at a store."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.channels import plain
from integrations.channels.reading import Unreadable

SAMPLE = Path(__file__).with_name("samples") / "plain" / "ordinary.json"


def order(**delivery: Any) -> bytes:
    body = json.loads(SAMPLE.read_text())
    plain_order = body.get("data", body)
    plain_order["delivery"] = delivery
    return json.dumps(body).encode()


def test_a_pickup_names_its_store() -> None:
    fetched = plain.translate(order(method="pickup", location_id="WEST-LAKE-STORE"))
    sent = plain.translate(order(method="ship"))

    assert fetched.order.pickup_location == "WEST-LAKE-STORE"
    assert sent.order.pickup_location == ""


@pytest.mark.parametrize(
    ("delivery", "field"),
    [
        ({"method": "pickup"}, "delivery.location_id"),
        ({"method": "ship", "location_id": "WEST-LAKE-STORE"}, "delivery.location_id"),
        ({"method": "drone"}, "delivery.method"),
        ({"method": "pickup", "shelf": "A3"}, "delivery.shelf"),
    ],
)
def test_an_impossible_pickup_is_refused_by_its_field(delivery: dict[str, Any], field: str) -> None:
    with pytest.raises(Unreadable) as refused:
        plain.translate(order(**delivery))
    assert refused.value.field.endswith(field)
