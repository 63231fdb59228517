"""WeChat shop (mini-program and 视频号): `channels/ec/order/get`. Amounts are whole fen, times unix seconds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from integrations.channels import shaping, shipped
from integrations.channels.reading import Payload, Reader, open_object
from integrations.channels.sealed import SealedMessages
from integrations.channels.shaping import total
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("wechat")
SIGNATURE = SealedMessages()
ANSWER = "success"
"""What WeChat wants to hear; anything else and it sends again."""
CNY = "CNY"
EVENTS = {
    "channels_ec_order_new": Kind.CREATE,
    "channels_ec_order_pay": Kind.PAID,
    "channels_ec_order_cancel": Kind.CANCELED,
    "channels_ec_order_deliver": Kind.UPDATED,
    "channels_ec_order_confirm": Kind.UPDATED,
    "channels_ec_order_ext_info_update": Kind.UPDATED,
    "channels_ec_aftersale_update": Kind.REFUND_ASKED,
}
DISCOUNTS = (
    "discounted_price",
    "deduction_price",
    "change_down_price",
    "finder_discounted_price",
    "vip_discounted_price",
    "bulkbuy_discounted_price",
    "national_subsidy_discounted_price",
    "cash_coupon_discounted_price",
)
PARTLY_SHIPPED, SHIPPED, FINISHED = 21, 30, 100
UNPAID, AFTER_SALES_CANCELED, BUYER_CANCELED = 10, 200, 250


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    answer = open_object(payload)
    order, after_sales = answer.unwrap("order"), answer.objects("after_sale_orders")
    detail = order.object("order_detail")
    price, pay, notes = detail.object("price_info"), detail.object("pay_info"), detail.object("ext_info")
    delivery = detail.object("delivery_info")
    placed_at = order.need_seconds("create_time")
    modified_at = order.seconds("update_time") or placed_at
    lines = [_line(number, item) for number, item in enumerate(detail.objects("product_infos"), 1)]
    discounts = total((price.minor(name, CNY) for name in DISCOUNTS), CNY)
    financial = _financial(order, detail, pay, after_sales)
    address = _address(delivery)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(order, "order_id"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(shop, order.text("openid"), order.text("unionid"), order.text("order_id")),
            ship_to=address,
            lines=shaping.checked_lines(detail, "product_infos", lines),
            # The part of all discounts that is not on lines.
            discount=discounts - total((line.discount for line in lines), CNY),
            shipping=price.minor("freight", CNY),
            tax=Money(0, CNY),
            grand_total=price.need_minor("order_price", CNY),
            payment_reference=shaping.payment_reference(pay, "transaction_id"),
            payment_method="wechat_pay" if pay.has("transaction_id") else "",
            remarks=notes.prose("customer_notes"),
            merchant_remarks=notes.prose("merchant_notes"),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at, delivery.has("address_under_review")),
        modified_at=modified_at,
        warnings=tuple(order.warnings),
        masked=shaping.masked(address),
        elsewhere=_shipped(order, delivery, lines, modified_at),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """WeChat's pushes only name the order, after-sales ones in `finder_shop_aftersale_status_update`."""
    message = open_object(payload)
    if message.has("order") or message.has("order_detail"):
        return (Kind.UPDATED,)
    kind = EVENTS.get(message.text("Event"))
    if kind is None:
        return ()
    named = "finder_shop_aftersale_status_update" if kind is Kind.REFUND_ASKED else "order_info"
    about = message.object(named)
    moment = message.text("CreateTime")
    order_id = shaping.reference(about, "order_id")
    return (ThinEvent(order_id, kind, f"{message.text('Event')}-{order_id}-{moment}"),)


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The body of channels/ec/order/delivery/send."""
    goods = [
        {"product_id": product_id, "sku_id": sku_id, "product_cnt": line.quantity}
        for line in shipped.lines
        for product_id, _, sku_id in [line.channel_line_id.partition(":")]
    ]
    parcel: dict[str, Any] = {
        "delivery_id": shop.carrier(shipped.carrier),
        "waybill_id": shipped.waybill,
        "deliver_type": 1,
    }
    return {"order_id": shipped.order_ref, "delivery_list": [parcel | ({"product_infos": goods} if goods else {})]}


def _line(number: int, item: Reader) -> OrderLine:
    quantity, price = item.need_quantity("sku_cnt"), item.need_minor("sale_price", CNY)
    cost = shaping.line_cost(item, "sale_price", price, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "sku_code", "out_sku_id", theirs="sku_id"),
        quantity=quantity,
        unit_price=price,
        discount=cost - item.minor("real_price", CNY) if item.has("real_price") else Money(0, CNY),
        title=item.text("title", 300, cut=True),
        channel_line_id=f"{item.text('product_id')}:{item.text('sku_id')}",
        gift=price.minor_units == 0 or item.has("free_gift_info"),
        properties=shaping.properties(item.objects("sku_attrs"), "attr_key", "attr_value"),
    )


def _financial(order: Reader, detail: Reader, pay: Reader, after_sales: list[Reader]) -> Financial:
    status, paid_at = order.whole("status"), pay.seconds("pay_time")
    open_after_sales = order.object("aftersale_detail").whole("on_aftersale_order_cnt")
    back = [item for item in detail.objects("product_infos") if item.whole("finish_aftersale_sku_cnt")]
    paid = PaymentStatus.PAID if paid_at and status != UNPAID else PaymentStatus.PENDING
    if status == AFTER_SALES_CANCELED:
        paid = PaymentStatus.REFUNDED
    elif back and paid is PaymentStatus.PAID:
        paid = PaymentStatus.PARTIALLY_REFUNDED
    return Financial(
        status=paid,
        # Only the after-sales orders have the refunded amounts; the pull fetches them with the order.
        refunded=total((one.object("refund_info").minor("amount", CNY) for one in after_sales if _is_paid(one)), CNY),
        tax_included=Money(0, CNY),
        paid_at=paid_at,
        refunded_units=tuple(
            (f"{item.text('product_id')}:{item.text('sku_id')}", item.whole("finish_aftersale_sku_cnt"))
            for item in back
        ),
        refund_asked=open_after_sales > 0,
        canceled=status in (AFTER_SALES_CANCELED, BUYER_CANCELED),
    )


def _is_paid(after_sale: Reader) -> bool:
    return after_sale.text("status") in ("MERCHANT_REFUND_SUCCESS", "MERCHANT_RETURN_SUCCESS")


def _shipped(
    order: Reader, delivery: Reader, lines: list[OrderLine], modified_at: datetime
) -> tuple[ParcelElsewhere, ...]:
    """The parcels of `delivery_product_info`; without any, a shipped or finished order has left as a whole.

    Source: developers.weixin.qq.com/doc/store, order structure (status 21, 30 and 100, DeliveryProductInfo).
    """
    status = order.whole("status")
    if status not in (PARTLY_SHIPPED, SHIPPED, FINISHED):
        return ()
    ended = modified_at if status == FINISHED else None
    found = list[ParcelElsewhere]()
    for one in delivery.objects("delivery_product_info"):
        by = shipped.carrier(one, "delivery_name", "delivery_id")
        about = (one.seconds("delivery_time") or modified_at, ended, by, shipped.waybill(one, "waybill_id"))
        held = [
            (f"{item.text('product_id')}:{item.text('sku_id')}", item.whole("product_cnt"))
            for item in one.objects("product_infos")
        ]
        if held:
            found += shipped.parcel(lines, held, *about)
        elif status != PARTLY_SHIPPED:
            found += shipped.whole(*about)
    return tuple(found) if found or status == PARTLY_SHIPPED else shipped.whole(modified_at, ended)


def _address(delivery: Reader) -> Address:
    to = delivery.object("address_info")
    virtual = to.flag("use_tel_number") and to.has("virtual_order_tel_number")
    return Address(
        country="CN",
        name=to.text("user_name"),
        phone=shaping.phone(to, "virtual_order_tel_number" if virtual else "tel_number", "CN"),
        province=to.text("province_name"),
        city=to.text("city_name"),
        district=to.text("county_name"),
        postal_code=to.text("postal_code", 20),
        lines=to.texts("detail_info", "house_number"),
        receiver_token=to.text("hash_code", 500),
    )
