"""Taobao and Tmall, over the open platform (TOP)."""

from integrations.abilities.ability import Abilities, Matter, not_built, not_there, there

TOP = "open.taobao.com"
TRADE = f"{TOP}, Trade and Order"

ABILITIES: Abilities = {
    Matter.PUSH: not_built(
        "its message service (TMC) is a long connection; a relay may forward its messages, signed with `X-Signature`",
        f"{TOP}, TMC",
    ),
    Matter.PULL: there(
        "`taobao.trades.sold.increment.get` from the last page to the first, then `taobao.trade.fullinfo.get`; a day"
        " at a time, every minute",
        f"{TOP}, taobao.trades.sold.increment.get",
    ),
    Matter.RECONCILE: there("the same list, every night", f"{TOP}, taobao.trades.sold.increment.get"),
    Matter.STOCK: not_built("`taobao.item.quantity.update`", f"{TOP}, taobao.item.quantity.update"),
    Matter.SHIPMENTS: there(
        "`taobao.logistics.offline.send` or `online.send`", f"{TOP}, taobao.logistics.offline.send"
    ),
    Matter.PARCELS: there(
        "whole lines only (`is_split`, `sub_tid`): a line goes with its last parcel",
        f"{TOP}, taobao.logistics.offline.send",
    ),
    Matter.REFUNDS: not_built(
        "`taobao.rp.refunds.agree`, which asks the seller for a code", f"{TOP}, taobao.rp.refunds.agree"
    ),
    Matter.CANCELS_OUT: not_built("`taobao.trade.close`, of unpaid trades", f"{TOP}, taobao.trade.close"),
    Matter.TOKENS: not_built(
        "sessions end after a year at most and are renewed by the seller's login", f"{TOP}, OAuth"
    ),
    Matter.UNPAID: there("status WAIT_BUYER_PAY, and pre-sales with a deposit", TRADE),
    Matter.CANCELS: there("status TRADE_CLOSED and TRADE_CLOSED_BY_TAOBAO", TRADE),
    Matter.ADDRESS: there("a later state of the trade; TradeLogisticsAddressChanged by a relay", TRADE),
    Matter.SHIPPED: there("status, `invoice_no` and `consign_time` of sub-orders", TRADE),
    Matter.PARTLY_SHIPPED: there("status SELLER_CONSIGNED_PART and that of each sub-order", TRADE),
    Matter.REFUND_ASKED: there("`refund_status` of a sub-order", TRADE),
    Matter.REFUNDED: there("`refund_status` SUCCESS with `divide_order_fee`", TRADE),
    Matter.MASKED: there("masked texts with an `oaid`", f"{TOP}, OAID"),
    Matter.GIFTS: there("`promotion_details.gift_item_id`, or price 0", TRADE),
    Matter.TESTS: not_there("test trades exist in its sandbox only, under another address", f"{TOP}, sandbox"),
}
