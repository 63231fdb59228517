"""Who is told of what: one table. A line more and one more partner hears of a milestone."""

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
CASE_DECIDED, RETURN_LABEL, CASE_RECEIVED, REPLACED = "return_decided", "return_label", "return_received", "replaced"

# The customer first: nobody else waits as impatiently.
RECIPIENTS = ("inbox", "channel", "erp", "crm")

NOT_TOLD = "NOT_TOLD"
"""The code of the alert that a recipient did not take its messages and is tried no more."""

PICKUP_CODE = "pickup_code"
"""The field of a message that is forgotten once the message was taken."""

RECIPIENTS_OF = {
    RECEIVED: RECIPIENTS,
    READY: ("inbox", "channel"),
    SHIPPED: RECIPIENTS,
    # Who must be at home next time, and who is called about it.
    ATTEMPTED: ("inbox", "crm"),
    DELIVERED: RECIPIENTS,
    CANCELED: RECIPIENTS,
    RETURNED: RECIPIENTS,
    REFUNDED: RECIPIENTS,
    CREDITED: RECIPIENTS,
    CASE_DECIDED: ("inbox", "channel"),
    RETURN_LABEL: ("inbox", "channel"),
    CASE_RECEIVED: ("inbox", "channel"),
    REPLACED: RECIPIENTS,
}

MONEY_BACK = (REFUNDED, CREDITED, REPLACED)
PARCEL_MILESTONES = (READY, SHIPPED, ATTEMPTED, DELIVERED)
"""They are told with what the parcels of the order are; of all that come after them also with cases and money."""
CASE_MILESTONES = (DELIVERED, RETURNED, *MONEY_BACK, CASE_DECIDED, RETURN_LABEL, CASE_RECEIVED)


def message_id(order_id: str, milestone: str, recipient: str, subject: str = "") -> str:
    """The same for every try, so that the recipient takes it once. `subject` tells two shipments or refunds apart."""
    return ":".join(part for part in (order_id, milestone, subject, recipient) if part)
