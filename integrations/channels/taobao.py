"""Taobao and Tmall: `taobao.trade.fullinfo.get`. Amounts are strings in yuan, times are local without a zone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from domain.tenders import BALANCE, Tender, TenderKind
from integrations.channels import shaping, shipped
from integrations.channels.reading import Payload, Reader, open_object
from integrations.channels.shaping import total
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Event, Financial, Kind, Shipped, Shop, ThinEvent, Translated

SHOP = Shop("taobao")
SIGNATURE = HmacScheme("X-Signature")
CNY = "CNY"
DEPOSIT_PAID = "FRONT_PAID_FINAL_NOPAID"
TOPICS = {
    "taobao_trade_TradeCreate": Kind.CREATE,
    "taobao_trade_TradeBuyerPay": Kind.PAID,
    "taobao_trade_TradeClose": Kind.CANCELED,
    "taobao_trade_TradeLogisticsAddressChanged": Kind.ADDRESS_CHANGED,
    "taobao_refund_RefundCreated": Kind.REFUND_ASKED,
}
UNPAID = {"TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM"}
CLOSED = {"TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"}
SHIPPED = {"WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED"}
OPEN_REFUNDS = {"WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS"}


def split(payload: Any) -> list[Any]:
    return shaping.split(payload, "trades_sold_increment_get_response", "trades", "trade")


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    trade = open_object(payload).unwrap("trade_fullinfo_get_response", "trade")
    placed_at = trade.need_time("created", shop.zone)
    modified_at = trade.time("modified", shop.zone) or placed_at
    items = trade.object("orders").objects("order")
    gifts = {one.text("gift_item_id") for one in trade.object("promotion_details").objects("promotion_detail")} - {""}
    lines = [_line(number, item, gifts) for number, item in enumerate(items, 1)]
    financial, tenders = _financial(trade, items, shop), _balance(trade)
    address = _address(trade)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=shaping.reference(trade, "tid_str", "tid"),
            placed_at=placed_at,
            customer_id=shaping.customer_id(shop, _buyer(trade), address.receiver_token, trade.text("tid")),
            ship_to=address,
            lines=shaping.checked_lines(trade, "orders.order", lines),
            discount=_discount_of_the_whole_order(trade, items),
            shipping=trade.money("post_fee", CNY),
            tax=trade.money("order_tax_fee", CNY),
            grand_total=trade.need_money("payment", CNY),
            payment_reference=shaping.payment_reference(trade, "alipay_no"),
            payment_method="cod" if financial.cash_on_delivery else "alipay",
            remarks=trade.prose("buyer_message"),
            merchant_remarks=trade.prose("seller_memo"),
            tenders=tenders,
        ),
        financial=financial,
        kind=shaping.kind_of(financial, placed_at, modified_at),
        modified_at=modified_at,
        warnings=tuple(trade.warnings),
        masked=shaping.masked(address),
        elsewhere=_shipped(trade, items, lines, modified_at, shop),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """Read a message of Taobao's message service: a topic, and the trade's number in its content."""
    message = open_object(payload)
    topic = message.text("topic")
    if not topic:
        return (Kind.UPDATED,)
    if not topic.startswith(("taobao_trade_", "taobao_refund_")):
        return ()
    trade = message.embedded_object("content")
    return (ThinEvent(shaping.reference(trade, "tid"), TOPICS.get(topic, Kind.UPDATED), message.text("id")),)


def upload_shipment(shipped: Shipped, shop: Shop = SHOP) -> dict[str, Any]:
    """The parameters of taobao.logistics.offline.send; with lines, only these are shipped (`is_split`)."""
    body: dict[str, Any] = {
        "tid": shipped.order_ref,
        "out_sid": shipped.waybill,
        "company_code": shop.carrier(shipped.carrier),
    }
    if shipped.lines:
        body |= {"is_split": 1, "sub_tid": ",".join(line.channel_line_id for line in shipped.lines)}
    return body


def _buyer(trade: Reader) -> str:
    return trade.text("buyer_open_uid") or trade.text("buyer_nick")


def _line(number: int, item: Reader, gifts: set[str]) -> OrderLine:
    quantity, price = item.need_quantity("num"), item.need_money("price", CNY)
    cost = shaping.line_cost(item, "price", price, quantity)
    chosen = [pair.partition(":") for pair in item.text("sku_properties_name", 1_000).split(";")]
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "outer_sku_id", "outer_iid", theirs="sku_id" if item.has("sku_id") else "num_iid"),
        quantity=quantity,
        unit_price=price,
        # `total_fee` is what the line costs: price x number, plus the seller's change, less the line's own discount.
        discount=cost - item.need_money("total_fee", CNY),
        title=item.text("title", 300, cut=True),
        channel_line_id=item.text("oid_str") or item.text("oid"),
        gift=price.minor_units == 0 or item.text("num_iid") in gifts,
        properties=tuple((name[:100], value) for name, _, value in chosen if name and value),
    )


def _discount_of_the_whole_order(trade: Reader, items: list[Reader]) -> Money:
    if any(item.has("part_mjz_discount") for item in items):
        return total((item.money("part_mjz_discount", CNY) for item in items), CNY)
    return trade.money("discount_fee", CNY)


def _financial(trade: Reader, items: list[Reader], shop: Shop) -> Financial:
    status, paid_at = trade.need_text("status"), trade.time("pay_time", shop.zone)
    back = [item for item in items if item.text("refund_status") == "SUCCESS"]
    refunded = total((item.money("divide_order_fee", CNY) for item in back), CNY)
    asked = any(item.text("refund_status") in OPEN_REFUNDS for item in items)
    paid = PaymentStatus.PENDING if status in UNPAID or not paid_at else PaymentStatus.PAID
    part = trade.money("step_paid_fee", CNY) if trade.text("step_trade_status") == DEPOSIT_PAID else None
    if part is not None:
        paid = PaymentStatus.PARTIALLY_PAID
    if back:
        paid = PaymentStatus.REFUNDED if len(back) == len(items) else PaymentStatus.PARTIALLY_REFUNDED
    return Financial(
        status=paid,
        refunded=refunded,
        tax_included=Money(0, CNY),
        paid_at=paid_at,
        refunded_units=tuple((item.text("oid_str") or item.text("oid"), item.whole("num")) for item in back),
        refund_asked=asked,
        canceled=status in CLOSED,
        cash_on_delivery=trade.text("type") == "cod",
        part=part,
    )


def _balance(trade: Reader) -> tuple[Tender, ...]:
    """The balance of a pre-sale, while only its deposit is paid: Taobao says how much was paid, and not until when the
    rest is due.

    Source: open.taobao.com, Trade.step_trade_status, Trade.step_paid_fee.
    """
    deposit, total = trade.money("step_paid_fee", CNY), trade.money("payment", CNY)
    if trade.text("step_trade_status") != DEPOSIT_PAID or not 0 < deposit.minor_units < total.minor_units:
        return ()
    name = f"{shaping.reference(trade, 'tid_str', 'tid')}:balance"
    return (Tender(1, TenderKind.PLATFORM, name, total - deposit, BALANCE),)


def _shipped(
    trade: Reader, items: list[Reader], lines: list[OrderLine], modified_at: datetime, shop: Shop
) -> tuple[ParcelElsewhere, ...]:
    """Sub-orders that were consigned, one parcel for each waybill; of SELLER_CONSIGNED_PART only those that say so.

    Source: open.taobao.com, Trade.status, Order.status, Order.invoice_no, Order.logistics_company, consign_time.
    """
    status = trade.text("status")
    at = trade.time("consign_time", shop.zone) or modified_at
    ended = trade.time("end_time", shop.zone)
    by_waybill = dict[tuple[str, str], list[Reader]]()
    for item in items:
        if (item.text("status") or status) in SHIPPED:
            parcel = shipped.carrier(item, "logistics_company"), shipped.waybill(item, "invoice_no")
            by_waybill.setdefault(parcel, []).append(item)
    found = list[ParcelElsewhere]()
    for (carrier, waybill), same in by_waybill.items():
        units = [(item.text("oid_str") or item.text("oid"), shipped.ALL) for item in same]
        done = any((item.text("status") or status) == "TRADE_FINISHED" for item in same)
        left = same[0].time("consign_time", shop.zone) or at
        found += shipped.parcel(lines, units, left, (ended or modified_at) if done else None, carrier, waybill)
    return tuple(found)


def _address(trade: Reader) -> Address:
    return Address(
        country="CN",
        name=trade.text("receiver_name"),
        phone=shaping.phone(trade, "receiver_mobile", "CN") or shaping.phone(trade, "receiver_phone", "CN"),
        province=trade.text("receiver_state"),
        city=trade.text("receiver_city"),
        district=trade.text("receiver_district"),
        postal_code=trade.text("receiver_zip", 20),
        lines=trade.texts("receiver_town", "receiver_address"),
        receiver_token=trade.text("oaid", 500),
    )
