"""The milestones and who is notified of each. To notify one more partner, add it to the table."""

RECEIVED, READY, SHIPPED, ATTEMPTED, DELIVERED, CANCELED, RETURNED, REFUNDED = (
    "received",
    "ready",
    "shipped",
    "delivery_attempted",
    "delivered",
    "canceled",
    "returned",
    "refunded",
)
CREDITED = "credited"
EDITED, PAYMENT_DUE = "edited", "payment_due"
REFUND_DUE = "refund_due"
"""A person is to pay money back at the channel, or is reminded of it."""
CASE_DECIDED, RETURN_LABEL, CASE_RECEIVED, REPLACED = "return_decided", "return_label", "return_received", "replaced"

# The customer first: nobody else waits as impatiently.
RECIPIENTS = ("inbox", "channel", "erp", "crm")

BOOKS = ("erp", "crm")
"""Who hears of an order that its channel has shipped itself: the sale is booked, and the customer's record kept."""

NOT_TOLD = "NOT_TOLD"
"""Code of the alert that messages to a recipient are parked, since it did not take them."""

PICKUP_CODE = "pickup_code"
"""The field of a message that is deleted once the recipient took the message."""

RECIPIENTS_OF = {
    RECEIVED: RECIPIENTS,
    READY: ("inbox", "channel"),
    SHIPPED: RECIPIENTS,
    # The customer must be at home next time, and calls customer relations about it.
    ATTEMPTED: ("inbox", "crm"),
    DELIVERED: RECIPIENTS,
    CANCELED: RECIPIENTS,
    RETURNED: RECIPIENTS,
    REFUNDED: RECIPIENTS,
    CREDITED: RECIPIENTS,
    # Finance pays it.
    REFUND_DUE: ("erp",),
    EDITED: ("inbox",),
    PAYMENT_DUE: ("inbox",),
    CASE_DECIDED: ("inbox", "channel"),
    RETURN_LABEL: ("inbox", "channel"),
    CASE_RECEIVED: ("inbox", "channel"),
    REPLACED: RECIPIENTS,
}

MONEY_BACK = (REFUNDED, CREDITED, REPLACED)
PARCEL_MILESTONES = (READY, SHIPPED, ATTEMPTED, DELIVERED)
"""Milestones whose messages need the order's parcels. Those of CASE_MILESTONES need cases and money as well."""
CASE_MILESTONES = (DELIVERED, RETURNED, *MONEY_BACK, CASE_DECIDED, RETURN_LABEL, CASE_RECEIVED)


def message_id(order_id: str, milestone: str, recipient: str, subject: str = "") -> str:
    """The same id for every attempt, so that the recipient takes it once. `subject` distinguishes shipments or
    refunds."""
    return ":".join(part for part in (order_id, milestone, subject, recipient) if part)
