"""Platforms that are not connected: what their translators read is there, and no direction is."""

from integrations.abilities.ability import Abilities, Ability, Matter, not_built, not_there, there

DIRECTIONS = (
    *(Matter.PULL, Matter.RECONCILE, Matter.STOCK, Matter.SHIPMENTS, Matter.PARCELS),
    *(Matter.REFUNDS, Matter.CANCELS_OUT, Matter.TOKENS),
)


def unconnected(push: Ability, read: Abilities) -> Abilities:
    """Return the abilities of a platform without any direction, with what its translator reads."""
    return {Matter.PUSH: push} | dict.fromkeys(DIRECTIONS, not_built()) | read


def _read(paper: str, **other: Ability) -> Abilities:
    """Return what every translator reads, with what is `other` on this platform."""
    names = (
        *("UNPAID", "CANCELS", "ADDRESS", "SHIPPED", "PARTLY_SHIPPED"),
        *("REFUND_ASKED", "REFUNDED", "MASKED", "GIFTS", "TESTS"),
    )
    return {Matter[name]: other.get(name, there("read from the order", paper)) for name in names}


WOO_ORDER, AMAZON_ORDER = "WooCommerce REST API v3, Orders", "developer-docs.amazon.com, Orders API"

WOOCOMMERCE = unconnected(
    there("webhook signed with `X-WC-Webhook-Signature`: orders whole", "WooCommerce REST API v3, Webhooks"),
    _read(
        WOO_ORDER,
        PARTLY_SHIPPED=not_there("an order is completed as a whole", WOO_ORDER),
        REFUND_ASKED=not_there("the core knows refunds only once they are made", WOO_ORDER),
        MASKED=not_there("receivers come in plain text", WOO_ORDER),
        TESTS=not_there("an order does not say that it is a test", WOO_ORDER),
    ),
)
AMAZON = unconnected(
    not_built("notifications come through an SQS queue that nobody reads; a relay may forward them"),
    _read(
        AMAZON_ORDER,
        REFUND_ASKED=not_there("returns are another report", AMAZON_ORDER),
        TESTS=not_there("the sandbox has an address of its own", AMAZON_ORDER),
    ),
)
