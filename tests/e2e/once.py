"""The assertion that tests of faults end with: everything was done, and only once."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.e2e.stack import RunningStack

MILESTONES = ("received", "shipped", "delivered")
RECIPIENTS = ("inbox", "channel", "erp", "crm")


def assert_done_once(stack: RunningStack, orders: Sequence[str], milestones: Sequence[str] = MILESTONES) -> None:
    """Assert that each order was picked, carried, paid and announced once, and that `baton verify` is clean.

    An interrupted request may reach a partner twice, so the partner's own state is what counts.
    """
    waybills = set()
    for order_id in orders:
        order = stack.api.get(f"/orders/{order_id}").json()
        waybills.add(_parcel(stack, order))
        _assert_notified_once(stack, order_id, milestones)
        _assert_paid_once(stack, order)
    assert len(waybills) == len(orders)
    stack.verify()


def _parcel(stack: RunningStack, order: dict[str, Any]) -> str:
    """Assert that the order has one parcel, here and at the partners; return its waybill."""
    order_id = order["order_id"]
    work, shipment = f"{order_id}-1", f"{order_id}-1-S1"
    assert [one["fulfillment_order_id"] for one in order["fulfillment_orders"]] == [work]
    assert [one["shipment_id"] for one in order["shipments"]] == [shipment]
    picked, carried = _ask(stack, f"/wms/fulfillment-orders/{work}"), _ask(stack, f"/tms/shipments/{shipment}")
    assert (picked["status"], carried["status"]) == ("handed_over", "delivered")
    assert min(picked["times_asked"], carried["times_asked"]) >= 1
    assert order["shipments"][0]["waybill"] == carried["waybill"]
    assert stack.simulators.get(f"/wms/fulfillment-orders/{order_id}-2").status_code == 404
    assert stack.simulators.get(f"/tms/shipments/{work}-S2").status_code == 404
    return str(carried["waybill"])


def _assert_notified_once(stack: RunningStack, order_id: str, milestones: Sequence[str]) -> None:
    for recipient in RECIPIENTS:
        taken = _ask(stack, f"/{recipient}/messages", order_id=order_id)["messages"]
        assert Counter(message["milestone"] for message in taken) == Counter(milestones), (recipient, order_id)


def _assert_paid_once(stack: RunningStack, order: dict[str, Any]) -> None:
    assert [payment["kind"] for payment in order["payments"]] == ["captured"]
    assert _ask(stack, "/payments/refunds", payment_reference=order["payment_reference"])["refunds"] == []


def _ask(stack: RunningStack, path: str, **query: str) -> Any:
    answer = stack.simulators.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
