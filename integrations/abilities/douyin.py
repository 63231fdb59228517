"""Douyin shop, over its open platform."""

from integrations.abilities.ability import Abilities, Matter, not_built, not_there, there

OP = "op.jinritemai.com"
ORDER = f"{OP}, order.orderDetail (api-docs/15)"

ABILITIES: Abilities = {
    Matter.PUSH: there(
        "messages by tag, several at once, which name their orders; `event-sign` is the MD5 of app key, body and app"
        ' secret; the answer is `{"code":0,"msg":"success"}`, also to the probe with tag 0'
    ),
    Matter.PULL: there(
        "`order.searchList` by update time, from the last page to the first, then `order.orderDetail`; a day at a time,"
        " every minute",
        f"{OP}, order.searchList (api-docs/15/1342)",
    ),
    Matter.RECONCILE: there("the same list, every night", f"{OP}, order.searchList (api-docs/15/1342)"),
    Matter.STOCK: there(
        "`sku.syncStock`, a SKU a call, by `product_id:sku_id`", f"{OP}, sku.syncStock (api-docs/14/85)"
    ),
    Matter.SHIPMENTS: there(
        "`order.logisticsAdd` for a whole order", f"{OP}, order.logisticsAddMultiPack (api-docs/16/562)"
    ),
    Matter.PARCELS: there(
        "`order.logisticsAddMultiPack` with units of sub-orders, once by `request_id`",
        f"{OP}, order.logisticsAddMultiPack (api-docs/16/562)",
    ),
    Matter.REFUNDS: there(
        "`afterSale.operate` agrees to the after-sale order of the same amount; without one a person pays back. The"
        " numbers of its operations are from memory",
    ),
    Matter.CANCELS_OUT: not_built("an order that we cancel is paid back by its after-sale order; nothing else is told"),
    Matter.TOKENS: there("`token.refresh`, before the seven days are over", f"{OP}, access_token (guide-docs)"),
    Matter.UNPAID: there("`order_status` 1", ORDER),
    Matter.CANCELS: there("`order_status` 4 and 21", ORDER),
    Matter.ADDRESS: there("`mask_post_addr` and `open_address_id` of a later state", ORDER),
    Matter.SHIPPED: there("`order_status` 3 and 5, `logistics_info`", ORDER),
    Matter.PARTLY_SHIPPED: there("`order_status` 101, `logistics_info`", ORDER),
    Matter.REFUND_ASKED: there("`after_sale_info` of a sub-order", ORDER),
    Matter.REFUNDED: there("`after_sale_status` 12 with `pay_amount` of the sub-order", ORDER),
    Matter.MASKED: there("masked texts with an `open_address_id`", ORDER),
    Matter.GIFTS: there("`given_product_type` FREE", ORDER),
    Matter.TESTS: not_there("an order does not say that it is a test", ORDER),
}
