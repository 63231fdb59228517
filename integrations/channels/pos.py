"""A store's point of sale, in a format of ours: a receipt with local time, tenders and an optional delivery."""

from collections.abc import Mapping

from domain.elsewhere import ParcelElsewhere
from domain.money import Money
from domain.order import Address, Order, OrderLine
from domain.status import PaymentStatus
from domain.tenders import Tender, TenderKind
from integrations.channels import shaping, tendered
from integrations.channels.reading import Payload, Reader, open_object
from integrations.channels.shaping import total
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Event, Financial, Kind, Shop, Translated

SHOP = Shop("pos")
SIGNATURE = HmacScheme("X-Signature")
CARRIED_HOME = "carried_home"
RECEIPT = (
    *("store_id", "receipt_no", "sold_at", "changed_at", "currency", "cashier", "member_id", "items", "discount"),
    *("delivery_fee", "tax", "tax_included", "total", "tenders", "deliver_to", "note", "training", "voided"),
)
ITEM = ("sku", "barcode", "name", "quantity", "unit_price", "discount", "gift", "bundle", "options")
DELIVERY = ("name", "phone", "email", "country", "province", "city", "district", "postal_code", "street", "unit")


def translate(payload: Payload, shop: Shop = SHOP) -> Translated:
    receipt = open_object(payload).allow_only(*RECEIPT)
    currency = receipt.need_currency("currency") if receipt.has("currency") else shop.currency
    sold_at = receipt.need_time("sold_at", shop.zone)
    changed_at = receipt.time("changed_at", shop.zone) or sold_at
    store, number = shaping.reference(receipt, "store_id"), shaping.reference(receipt, "receipt_no")
    if len(name := f"{store}-{number}") > 100:
        raise receipt.wrong("receipt_no", "is with its store longer than 100 characters")
    lines = [_line(n, item, currency) for n, item in enumerate(receipt.objects("items"), 1)]
    tax, none = receipt.money("tax", currency), Money(0, currency)
    inside = receipt.flag("tax_included")
    tenders = receipt.objects("tenders")
    financial = _financial(receipt, tenders, tax if inside else none, currency)
    first = tenders[0] if tenders else Reader({})
    address = _address(receipt.object("deliver_to").allow_only(*DELIVERY), shop)
    return Translated(
        order=Order(
            channel=shop.channel,
            channel_order_id=name,
            placed_at=sold_at,
            customer_id=shaping.customer_id(shop, receipt.text("member_id"), address.phone, address.email, name),
            ship_to=address,
            lines=shaping.checked_lines(receipt, "items", lines),
            discount=receipt.money("discount", currency),
            shipping=receipt.money("delivery_fee", currency),
            tax=none if inside else tax,
            grand_total=receipt.need_money("total", currency),
            payment_reference=shaping.payment_reference(first, "reference")
            or shaping.channel_payment_reference(shop, name),
            payment_method=first.text("method", 40),
            remarks=receipt.prose("note"),
            merchant_remarks=receipt.text("cashier"),
            tenders=_tenders(receipt, tenders, name, currency),
        ),
        financial=financial,
        kind=shaping.kind_of(financial, sold_at, changed_at),
        modified_at=changed_at,
        warnings=tuple(receipt.warnings),
        masked=shaping.masked(address),
        test=receipt.flag("training"),
        # Goods that nobody is to deliver were carried home.
        elsewhere=()
        if receipt.has("deliver_to") or financial.canceled
        else (ParcelElsewhere(CARRIED_HOME, "", "", sold_at, sold_at, location_id=shop.stores.get(store, store)),),
    )


def events(headers: Mapping[str, str], payload: Payload) -> tuple[Event, ...]:
    """A store sends the receipt itself, and again when it is voided."""
    return (Kind.CANCELED if open_object(payload).flag("voided") else Kind.UPDATED,)


def _line(number: int, item: Reader, currency: str) -> OrderLine:
    item.allow_only(*ITEM)
    quantity, price = item.need_quantity("quantity"), item.need_money("unit_price", currency)
    shaping.line_cost(item, "unit_price", price, quantity)
    return OrderLine(
        line_no=number,
        sku=shaping.sku(item, "sku", theirs="barcode"),
        quantity=quantity,
        unit_price=price,
        discount=item.money("discount", currency),
        title=item.text("name", 300, cut=True),
        channel_line_id=str(number),
        gift=item.flag("gift"),
        bundle_of=item.text("bundle", 64),
        properties=shaping.properties(item.objects("options"), "name", "value"),
    )


def _tenders(receipt: Reader, tenders: list[Reader], receipt_name: str, currency: str) -> tuple[Tender, ...]:
    """What was paid beside the first tender, which is the payment of the receipt; all of it is in the till."""
    others = [one for one in tenders[1:] if one.money("amount", currency).minor_units]
    found = [
        Tender(
            number,
            TenderKind.PLATFORM,
            shaping.payment_reference(one, "reference") or f"{receipt_name}:{number + 1}",
            one.money("amount", currency),
            one.text("method", 40),
            collected=True,
        )
        for number, one in enumerate(others, 1)
    ]
    own = shaping.payment_reference(tenders[0], "reference") if tenders else ""
    return tendered.checked(receipt, "tenders", found, receipt.need_money("total", currency), own)


def _financial(receipt: Reader, tenders: list[Reader], tax_included: Money, currency: str) -> Financial:
    paid, due = total((one.money("amount", currency) for one in tenders), currency), receipt.money("total", currency)
    status = PaymentStatus.PAID if due <= paid else PaymentStatus.PARTIALLY_PAID
    return Financial(
        status=status if paid.minor_units or not due.minor_units else PaymentStatus.PENDING,
        refunded=Money(0, currency),
        tax_included=tax_included,
        canceled=receipt.flag("voided"),
        part=paid,
    )


def _address(to: Reader, shop: Shop) -> Address:
    """Only the country, when the customer took the goods home."""
    land = shaping.country(to, "country", shop.country)
    return Address(
        country=land,
        name=to.text("name"),
        phone=shaping.phone(to, "phone", land),
        email=shaping.email(to, "email"),
        province=to.text("province"),
        city=to.text("city"),
        district=to.text("district"),
        postal_code=to.text("postal_code", 20),
        lines=to.texts("street", "unit"),
    )
