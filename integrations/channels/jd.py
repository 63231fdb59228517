"""JD POP: `jingdong.pop.order.get`. Amounts are strings in yuan, times are local; «0001-01-01» means never."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from integrations.channels import shaping, shipped
from integrations.channels.reading import Payload, Reader, open_object
from integrations.channels.shaping import total
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("jd")
SIGNATURE = HmacScheme("X-Signature")
CNY = "CNY"
# JD's own spelling.
WRAPPERS = ("jingdong_pop_order_get_responce", "orderDetailInfo", "orderInfo")
CANCELED = {"TRADE_CANCELED", "CANCELED"}
SHIPPED, FINISHED = "WAIT_GOODS_RECEIVE_CONFIRM", "FINISHED_L"
GIFT_CARD = "52"
MAX_WAYBILLS = 10_000


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    order = open_object(payload).unwrap(*WRAPPERS)
    placed_at = order.need_time("orderStartTime", shop.zone)
    modified_at = order.time("modified", shop.zone) or placed_at
    line_discounts, order_discount = _coupons(order)
    lines = []
    for number, item in enumerate(order.objects("itemInfoList"), 1):
        # A coupon names the SKU, not the line: the first line of that SKU gets it.
        lines.append(_line(number, item, line_discounts.pop(item.text("skuId"), Money(0, CNY))))
    financial = _financial(order, shop)
    address = _address(order)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "orderId"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(
                shop, order.text("open_id_buyer") or order.text("pin"), address.receiver_token, order.text("orderId")
            ),
            ship_to=address,
            lines=shaping.checked_lines(order, "itemInfoList", lines),
            discount=order_discount + total(line_discounts.values(), CNY),
            shipping=order.money("freightPrice", CNY),
            tax=Money(0, CNY),
            grand_total=order.need_money("orderPayment", CNY),
            payment_reference=shaping.payment_reference(order, "payment_no")
            or shaping.channel_payment_reference(shop, shaping.reference(order, "orderId")),
            payment_method=order.text("payType", 40, cut=True),
            remarks=order.prose("orderRemark"),
            merchant_remarks=order.prose("venderRemark"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        elsewhere=_shipped(order, modified_at, shop),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """JD's messages only name the order; a payload with `itemInfoList` is the order itself."""
    message = open_object(payload).unwrap(*WRAPPERS)
    if message.has("itemInfoList"):
        return (Kind.UPDATED,)
    return (ThinEvent(shaping.reference(message, "order_id", "orderId")),) if _names_order(message) else ()


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The parameters of jingdong.pop.order.shipment, which takes whole orders only; `logiCoprId` is JD's spelling."""
    return {
        "orderId": shipped.order_ref,
        "logiCoprId": shop.carrier(shipped.carrier),
        "logiNo": shipped.waybill,
    }


def _names_order(message: Reader) -> bool:
    return message.has("order_id") or message.has("orderId")


def _line(number: int, item: Reader, discount: Money) -> OrderLine:
    quantity, price = item.need_quantity("itemTotal"), item.need_money("jdPrice", CNY)
    shaping.line_cost(item, "jdPrice", price, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "outerSkuId", theirs="skuId"),
        quantity=quantity,
        unit_price=price,
        discount=discount,
        title=item.text("skuName", 300, cut=True),
        channel_line_id=item.text("skuId"),
        gift=price.minor_units == 0,
    )


def _coupons(order: Reader) -> tuple[dict[str, Money], Money]:
    """Discounts by JD's SKU id, and the discount of the whole order."""
    by_sku: dict[str, Money] = {}
    order_discount = Money(0, CNY)
    coupons = order.objects("couponDetailList")
    for coupon in coupons:
        amount, sku_id = coupon.money("couponPrice", CNY), coupon.text("skuId")
        if coupon.text("couponType").startswith(GIFT_CARD):
            coupon.warn("couponType", "is a gift card: a part of the payment stands as a discount")
        if sku_id:
            by_sku[sku_id] = by_sku.get(sku_id, Money(0, CNY)) + amount
        else:
            order_discount += amount
    return by_sku, order_discount if coupons else order.money("sellerDiscount", CNY)


def _financial(order: Reader, shop: Shop) -> Financial:
    state, paid_at = order.need_text("orderState"), order.time("paymentConfirmTime", shop.zone)
    on_delivery = order.text("payType").startswith("1-")
    return Financial(
        status=PaymentStatus.PAID if paid_at else PaymentStatus.PENDING,
        refunded=Money(0, CNY),
        tax_included=Money(0, CNY),
        paid_at=paid_at,
        # JD locks an order when its buyer asks to cancel.
        refund_asked=state == "LOCKED",
        canceled=state in CANCELED,
        cash_on_delivery=on_delivery,
    )


def _shipped(order: Reader, modified_at: datetime, shop: Shop) -> tuple[ParcelElsewhere, ...]:
    """JD ships whole orders: one that waits for its receipt, or is finished, has left.

    Source: open.jd.com, jingdong.pop.order.get (orderState, waybill, logisticsId, orderEndTime).
    """
    state = order.text("orderState")
    if state not in (SHIPPED, FINISHED):
        return ()
    ended = (order.time("orderEndTime", shop.zone) or modified_at) if state == FINISHED else None
    # Several waybills of an order stand behind each other.
    by, named = shipped.carrier(order, "logisticsId"), order.text("waybill", MAX_WAYBILLS, cut=True)
    return shipped.wholes([(by, one) for one in re.split("[|,]", named)], modified_at, ended)


def _address(order: Reader) -> Address:
    to = order.object("consigneeInfo")
    return Address(
        country="CN",
        name=to.text("fullname"),
        phone=shaping.phone(to, "mobile", "CN") or shaping.phone(to, "telephone", "CN"),
        province=to.text("province"),
        city=to.text("city"),
        district=to.text("county"),
        lines=to.texts("town", "fullAddress"),
        receiver_token=to.text("oaid", 500) or order.text("oaid", 500),
    )
