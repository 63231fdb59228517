"""Shopify, over the Admin REST API of 2025."""

from integrations.abilities.ability import Abilities, Matter, not_built, not_there, there

ADMIN = "shopify.dev, REST Admin API"
ORDER = f"{ADMIN}, Order"

ABILITIES: Abilities = {
    Matter.PUSH: there(
        "webhook signed with `X-Shopify-Hmac-Sha256`: orders whole, refunds and returns by name",
        "shopify.dev, Webhooks, Verify webhooks",
    ),
    Matter.PULL: there("`orders.json` by `updated_at` with cursors, every minute; 40 calls in a bucket", ORDER),
    Matter.RECONCILE: there("the same list with ids and times only, every night", ORDER),
    Matter.STOCK: there("`inventory_levels/set.json`, an item a call", f"{ADMIN}, InventoryLevel"),
    Matter.SHIPMENTS: there("`fulfillments.json` for open fulfillment orders", f"{ADMIN}, Fulfillment"),
    Matter.PARCELS: there("units of lines in each parcel", f"{ADMIN}, Fulfillment"),
    Matter.REFUNDS: there("`refunds.json` out of the transactions; our key is its note", f"{ADMIN}, Refund"),
    Matter.CANCELS_OUT: not_built("`orders/{id}/cancel.json`", f"{ADMIN}, Order, cancel"),
    Matter.TOKENS: not_there(
        "the token of a custom app does not expire; one that was taken back answers 401",
        "shopify.dev, About access tokens, Offline access",
    ),
    Matter.UNPAID: there("`financial_status` pending or authorized", ORDER),
    Matter.CANCELS: there("`cancelled_at`", ORDER),
    Matter.ADDRESS: there("`shipping_address` of a later state", ORDER),
    Matter.SHIPPED: there("`fulfillments` with their lines", ORDER),
    Matter.PARTLY_SHIPPED: there("`fulfillments` with some of the lines", ORDER),
    Matter.REFUND_ASKED: there("webhook `returns/request`", "shopify.dev, Webhooks, Topics"),
    Matter.REFUNDED: there("`refunds` with lines and transactions", ORDER),
    Matter.MASKED: not_there(
        "receivers come in plain text, or not at all without the right to protected data",
        "shopify.dev, Protected customer data",
    ),
    Matter.GIFTS: there("a line of price 0"),
    Matter.TESTS: there("`test` of an order", ORDER),
}
