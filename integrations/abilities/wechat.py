"""WeChat shop, over its server calls."""

from integrations.abilities.ability import Abilities, Matter, not_built, not_there, there

DOC = "developers.weixin.qq.com/doc/store/shop"
ORDER = f"{DOC}, order/get"

ABILITIES: Abilities = {
    Matter.PUSH: there(
        "messages that name their order, in safe mode and JSON: encrypted with AES-256-CBC, `msg_signature` is the"
        " SHA-1 of token, time, nonce and the encrypted text; the answer is `success`. Plain messages are refused,"
        " since their signature does not cover them",
        "developers.weixin.qq.com, message push",
    ),
    Matter.PULL: there(
        "`channels/ec/order/list/get` by change with `next_key`, six hours at a time, every minute. It says ids only,"
        " so each order of a window is fetched by `channels/ec/order/get`",
        f"{DOC}, order/list/get",
    ),
    Matter.RECONCILE: there(
        "the same list, every night. A change that we missed is seen if it came in a later window of six hours than"
        " what we know",
        f"{DOC}, order/list/get",
    ),
    Matter.STOCK: there(
        "`channels/ec/product/stock/update` sets a SKU, by `product_id:sku_id`", f"{DOC}, product/stock/update"
    ),
    Matter.SHIPMENTS: there("`channels/ec/order/delivery/send`", f"{DOC}, order/delivery/send"),
    Matter.PARCELS: there("units of goods in each parcel (`product_infos`)", f"{DOC}, order/delivery/send"),
    Matter.REFUNDS: there(
        "`channels/ec/aftersale/acceptapply` agrees to the after-sales order of the same amount; without one a person"
        " pays back",
        f"{DOC}, aftersale/getaftersaleorder and acceptapply",
    ),
    Matter.CANCELS_OUT: not_built(
        "an order that we cancel is paid back by its after-sales order; nothing else is told"
    ),
    Matter.TOKENS: there(
        "`cgi-bin/stable_token` by the app's id and secret, before the 7,200 seconds are over",
        "developers.weixin.qq.com, getStableAccessToken",
    ),
    Matter.UNPAID: there("`status` 10", ORDER),
    Matter.CANCELS: there("`status` 200 and 250", ORDER),
    Matter.ADDRESS: there("`address_info` of a later state", ORDER),
    Matter.SHIPPED: there("`status` 30 and 100, `delivery_product_info`", ORDER),
    Matter.PARTLY_SHIPPED: there("`status` 21, `delivery_product_info`", ORDER),
    Matter.REFUND_ASKED: there("`on_aftersale_order_cnt`", ORDER),
    Matter.REFUNDED: there(
        "`refund_info.amount` of the after-sales orders, which are fetched with the order",
        f"{DOC}, aftersale/getaftersaleorder",
    ),
    Matter.MASKED: there("masked texts with a `hash_code`", ORDER),
    Matter.GIFTS: there("`free_gift_info`, or price 0", ORDER),
    Matter.TESTS: not_there("an order does not say that it is a test", ORDER),
}
