"""The arguments with which workflows are started: by the relay, or by the API when it cannot wait for the relay."""

from typing import Any

from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from domain.editions import EDITION
from domain.ids import (
    bulk_workflow_id,
    delivery_workflow_id,
    inquiry_id,
    order_workflow_id,
    push_id,
    redelivery_id,
    return_workflow_id,
    settlement_id,
)
from domain.service_levels import MOST_URGENT, NORMAL
from settings import Settings
from workflows import search_attributes
from workflows.bulk import BulkInput
from workflows.deliver import DeliveryInput
from workflows.inquiries import InquiryInput
from workflows.messages import OrderDeadlines
from workflows.push import PushInput
from workflows.redeliver import RedeliveryInput
from workflows.return_messages import ReturnDeadlines, ReturnInput
from workflows.settlement import SettlementInput
from workflows.state import OrderInput

ORDER_WORKFLOW, RETURN_WORKFLOW, PUSH_WORKFLOW = "OrderWorkflow", "ReturnWorkflow", "PushWorkflow"
DELIVERY_WORKFLOW, REDELIVERY_WORKFLOW = "DeliveryWorkflow", "RedeliveryWorkflow"
BULK_WORKFLOW = "BulkWorkflow"
INQUIRY_WORKFLOW = "InquiryWorkflow"
SETTLEMENT_WORKFLOW = "SettlementWorkflow"


def order_start(
    settings: Settings,
    order_id: str,
    channel: str,
    channel_order_id: str,
    customer_id: str,
    units: int,
    urgency: int = NORMAL,
    edition: int = EDITION,
) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name. A second start finds the first.

    Among orders of one urgency (domain/service_levels.py) Temporal takes turns between channels.
    """
    limits = settings.deadlines
    deadlines = OrderDeadlines(
        payment=limits.payment.total_seconds(),
        pick=limits.pick.total_seconds(),
        ship=limits.ship.total_seconds(),
        delivery=limits.delivery.total_seconds(),
        decision=limits.decision.total_seconds(),
        backorder=limits.backorder.total_seconds(),
        reservation=limits.reservation.total_seconds(),
        pickup=limits.pickup.total_seconds(),
        attention=limits.attention.total_seconds(),
    )
    attributes = (
        SearchAttributePair(search_attributes.ORDER_ID, order_id),
        SearchAttributePair(search_attributes.CHANNEL, channel),
        SearchAttributePair(search_attributes.CHANNEL_ORDER_ID, channel_order_id),
        SearchAttributePair(search_attributes.CUSTOMER_ID, settings.customer_token(customer_id)),
        SearchAttributePair(search_attributes.ORDER_STATUS, "received"),
    )
    return {
        "arg": OrderInput(order_id, channel, deadlines, edition=edition),
        "id": order_workflow_id(channel, channel_order_id),
        "search_attributes": TypedSearchAttributes(attributes),
        "static_summary": f"{channel} {channel_order_id}: {units} units"[:200],
        "priority": Priority(priority_key=urgency, fairness_key=channel),
        **_once(settings),
    }


def return_start(
    settings: Settings, order_id: str, channel: str, channel_order_id: str, customer_id: str, case_id: str
) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name and the first signal."""
    limits = settings.deadlines
    deadlines = ReturnDeadlines(
        arrival=limits.return_arrival.total_seconds(),
        inspection=limits.inspection.total_seconds(),
        approval=limits.return_approval.total_seconds(),
        refund=limits.refund.total_seconds(),
        difference=limits.return_difference.total_seconds(),
    )
    attributes = (
        SearchAttributePair(search_attributes.ORDER_ID, order_id),
        SearchAttributePair(search_attributes.CHANNEL, channel),
        SearchAttributePair(search_attributes.CHANNEL_ORDER_ID, channel_order_id),
        SearchAttributePair(search_attributes.CUSTOMER_ID, settings.customer_token(customer_id)),
        SearchAttributePair(search_attributes.RETURN_ID, case_id),
        SearchAttributePair(search_attributes.RETURN_STATUS, "requested"),
    )
    return {
        "arg": ReturnInput(channel, channel_order_id, case_id, deadlines, EDITION),
        "id": return_workflow_id(channel, channel_order_id, case_id),
        "search_attributes": TypedSearchAttributes(attributes),
        "static_summary": f"return {case_id} of {channel} {channel_order_id}"[:200],
        "priority": Priority(fairness_key=channel),
        **_once(settings),
    }


def push_start(settings: Settings, channel: str) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name. Only one runs at a time."""
    return {
        "arg": PushInput(channel),
        "id": push_id(channel),
        "task_queue": settings.task_queue,
        "search_attributes": TypedSearchAttributes([SearchAttributePair(search_attributes.CHANNEL, channel)]),
        "static_summary": push_id(channel),
        "priority": Priority(fairness_key=channel),
        "rpc_timeout": settings.rpc_timeout,
    }


def settlement_start(settings: Settings, order_id: str) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name. Only one runs at a time."""
    return {
        "arg": SettlementInput(order_id),
        "id": settlement_id(order_id),
        "task_queue": settings.task_queue,
        "search_attributes": TypedSearchAttributes([SearchAttributePair(search_attributes.ORDER_ID, order_id)]),
        "static_summary": f"money of {order_id} that came late",
        "rpc_timeout": settings.rpc_timeout,
    }


def delivery_start(settings: Settings, subscription_id: str, channel: str | None = None) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name.

    Channels take turns, however many subscriptions each has; a subscription to all channels takes turns by itself.
    """
    fairness_key = f"channel/{channel}" if channel else subscription_id
    return _start(settings, DeliveryInput(subscription_id), delivery_workflow_id(subscription_id), fairness_key)


def redelivery_start(settings: Settings, recipient: str) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name."""
    start = _start(settings, RedeliveryInput(recipient), redelivery_id(recipient, settings.task_queue), recipient)
    # Before the deliveries to subscribers, with which it shares threads.
    return start | {"priority": Priority(priority_key=MOST_URGENT, fairness_key=recipient)}


def inquiry_start(settings: Settings, partner: str) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name."""
    return _start(settings, InquiryInput(partner), inquiry_id(partner), partner)


def bulk_start(settings: Settings, bulk_id: str) -> dict[str, Any]:
    """Return the arguments of `Client.start_workflow` except the workflow's name. Only one runs at a time."""
    return _start(settings, BulkInput(bulk_id), bulk_workflow_id(bulk_id), bulk_id)


def _start(settings: Settings, arg: object, name: str, fairness_key: str) -> dict[str, Any]:
    return {
        "arg": arg,
        "id": name,
        "task_queue": settings.task_queue,
        "static_summary": name,
        "priority": Priority(fairness_key=fairness_key),
        "rpc_timeout": settings.rpc_timeout,
    }


def _once(settings: Settings) -> dict[str, Any]:
    return {
        "task_queue": settings.task_queue,
        "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "rpc_timeout": settings.rpc_timeout,
    }
