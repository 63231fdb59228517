"""Who is told of what: one table. A line more and one more partner hears of a milestone."""

RECEIVED, SHIPPED, DELIVERED, CANCELED, RETURNED, REFUNDED, CASE_DECIDED, RETURN_LABEL, CASE_RECEIVED, REPLACED = (
    "received",
    "shipped",
    "delivered",
    "canceled",
    "returned",
    "refunded",
    "return_decided",
    "return_label",
    "return_received",
    "replaced",
)

# The customer first: nobody else waits as impatiently.
RECIPIENTS = ("inbox", "channel", "erp", "crm")

TOLD = {
    RECEIVED: RECIPIENTS,
    SHIPPED: RECIPIENTS,
    DELIVERED: RECIPIENTS,
    CANCELED: RECIPIENTS,
    RETURNED: RECIPIENTS,
    REFUNDED: RECIPIENTS,
    CASE_DECIDED: ("inbox", "channel"),
    RETURN_LABEL: ("inbox", "channel"),
    CASE_RECEIVED: ("inbox", "channel"),
    REPLACED: RECIPIENTS,
}


def message_id(order_id: str, milestone: str, recipient: str, subject: str = "") -> str:
    """The same for every try, so that the recipient takes it once. `subject` tells two shipments or refunds apart."""
    return ":".join(part for part in (order_id, milestone, subject, recipient) if part)
