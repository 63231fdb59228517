"""JD POP, over routerjson of its open platform."""

from integrations.abilities.ability import Abilities, Matter, not_built, not_there, there

JD = "open.jd.com"
ORDER = f"{JD}, jingdong.pop.order.get"
SEARCH = f"{JD}, jingdong.pop.order.search"

ABILITIES: Abilities = {
    Matter.PUSH: not_built(
        "its message service is a queue of its own cloud, which nobody reads; orders are pulled every minute. A relay"
        " may forward its messages, signed with `X-Signature`"
    ),
    Matter.PULL: there(
        "`jingdong.pop.order.search` by change, from the last page to the first; a day at a time, every minute. JD"
        " moves routerjson step by step to its SP-API",
        SEARCH,
    ),
    Matter.RECONCILE: there("the same list with ids and times only, every night", SEARCH),
    Matter.STOCK: there(
        "`jingdong.stock.write.updateSkuStock`, a SKU a call; `jingdong.ware.stock.sku.set` is to follow it",
        f"{JD}, jingdong.stock.write.updateSkuStock",
    ),
    Matter.SHIPMENTS: there("`jingdong.pop.order.shipment`", f"{JD}, jingdong.pop.order.shipment"),
    Matter.PARCELS: not_there(
        "an order is sent as a whole, with the waybill of its last parcel", f"{JD}, jingdong.pop.order.shipment"
    ),
    Matter.REFUNDS: there(
        "`jingdong.pop.afs.soa.refundapply.replyRefund` agrees to the request of the same amount; without one a person"
        " pays back",
        f"{JD}, jingdong.pop.afs.soa.refundapply.queryPageList and .replyRefund",
    ),
    Matter.CANCELS_OUT: not_built(
        "an order that we cancel is paid back by the request to cancel; nothing else is told"
    ),
    Matter.TOKENS: there("the refresh token of its OAuth", f"{JD}, OAuth 2.0"),
    Matter.UNPAID: not_built(
        "orders are listed once they are paid; the unpaid are in `jingdong.pop.order.notPayOrderInfo`",
        f"{JD}, jingdong.pop.order.notPayOrderInfo",
    ),
    Matter.CANCELS: there("`orderState` TRADE_CANCELED", ORDER),
    Matter.ADDRESS: there("`consigneeInfo` of a later state", ORDER),
    Matter.SHIPPED: there("`orderState` WAIT_GOODS_RECEIVE_CONFIRM and FINISHED_L, `waybill`", ORDER),
    Matter.PARTLY_SHIPPED: not_there("an order is sent as a whole", f"{JD}, jingdong.pop.order.shipment"),
    Matter.REFUND_ASKED: there("`orderState` LOCKED", ORDER),
    Matter.REFUNDED: not_there("an order does not say what was paid back", ORDER),
    Matter.MASKED: there("masked texts with an `oaid`", ORDER),
    Matter.GIFTS: there("a line of price 0"),
    Matter.TESTS: not_there("an order does not say that it is a test", ORDER),
}
