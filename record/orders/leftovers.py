"""What a completed order leaves that nobody reads again, removed in the transaction that completes it."""

from sqlalchemy import text

from domain.status import FulfillmentStatus

# The log and the fulfillment order have what they said. One that comes again changes nothing once the goods arrived.
REPORTS = text(f"""
    DELETE FROM partner_events AS event USING fulfillment_orders AS work
    WHERE work.order_id = :order_id AND work.status = '{FulfillmentStatus.DELIVERED}'
        AND event.subject = work.fulfillment_order_id
        AND event.type IN ('fulfillment_order.accepted', 'fulfillment_order.picking', 'fulfillment_order.picked',
            'fulfillment_order.packed')
        AND event.applied_at IS NOT NULL AND event.relayed_at IS NOT NULL
""")
