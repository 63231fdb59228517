"""The question that every test of a fault ends with: was everything done, and only once?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.e2e.stack import RunningStack

MILESTONES = ("received", "shipped", "delivered")
RECIPIENTS = ("inbox", "channel", "erp", "crm")


def assert_done_once(stack: RunningStack, orders: Sequence[str], told: Sequence[str] = MILESTONES) -> None:
    """Each order was picked, carried and paid once, everybody heard of it once, and the books are right.

    What a fault interrupts may be asked of a partner again; the partner's own books tell what came of it.
    """
    waybills = [_parcel(stack, order_id) for order_id in orders]
    assert len(set(waybills)) == len(orders)
    for order_id in orders:
        _assert_told_once(stack, order_id, told)
        _assert_paid_once(stack, order_id)
    stack.verify()


def _parcel(stack: RunningStack, order_id: str) -> str:
    """The waybill of the order's one parcel, of which warehouse and carrier know no second."""
    order = stack.api.get(f"/orders/{order_id}").json()
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


def _assert_told_once(stack: RunningStack, order_id: str, milestones: Sequence[str]) -> None:
    for recipient in RECIPIENTS:
        taken = _ask(stack, f"/{recipient}/messages", order_id=order_id)["messages"]
        assert Counter(message["milestone"] for message in taken) == Counter(milestones), (recipient, order_id)


def _assert_paid_once(stack: RunningStack, order_id: str) -> None:
    order = stack.api.get(f"/orders/{order_id}").json()
    assert [payment["kind"] for payment in order["payments"]] == ["captured"]
    assert _ask(stack, "/payments/refunds", payment_reference=order["payment_reference"])["refunds"] == []


def _ask(stack: RunningStack, path: str, **query: str) -> Any:
    answer = stack.simulators.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
