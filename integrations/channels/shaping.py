"""Steps from values to an order that all translators share, with the limits that hold for every order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from iso3166 import countries_by_alpha2

from domain.contents.templates import LANGUAGE
from domain.money import Money
from domain.order import Address, OrderLine
from domain.people import is_number_of
from integrations.channels.reading import Reader, open_json
from integrations.channels.translated import PAID, Financial, Kind, Shop
from integrations.channels.values import MAX_MINOR_UNITS

MAX_LINES = 2_000
MAX_PROPERTIES = 50
CHANNEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
REFERENCE = re.compile(r"[!-.0-?A-~]{1,100}")
CUSTOMER_ID = re.compile(r"[!-?A-~]{1,100}")
SKU = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
E164 = re.compile(r"\+[0-9]{7,15}")


def reference(reader: Reader, *names: str) -> str:
    """The first of these fields that is present, checked to be safe in a URL. Raises when none is."""
    name = next((name for name in names if reader.has(name)), names[-1])
    if not REFERENCE.fullmatch(text := reader.need_text(name, 100)):
        raise reader.wrong(name, "has a space, a slash, an @ or a letter outside ASCII")
    return text


def payment_reference(reader: Reader, *names: str) -> str:
    """The gateway's reference of the payment: the first of these fields that is present, or empty if none is.

    It is never made up: a guessed reference could claim another order's money.
    """
    name = next((name for name in names if reader.has(name)), None)
    return reference(reader, name) if name else ""


def channel_payment_reference(shop: Shop, channel_order_id: str) -> str:
    """The payment reference for a channel that collects the money itself and has no number for it but the order's.

    The channel stands before it; no other channel may use such a reference (record/orders/payment_claims.py).
    """
    name = f"{shop.channel}:{channel_order_id}"
    return name if REFERENCE.fullmatch(name) else ""


def sku(reader: Reader, *own: str, theirs: str = "") -> str:
    """The seller's own SKU, or else the channel's, which is unknown to the audit and so leads to a hold."""
    name = next((name for name in own if reader.has(name)), theirs if reader.has(theirs) else own[0])
    if not SKU.fullmatch(text := reader.need_text(name, 64)):
        raise reader.wrong(name, "has a space inside")
    if name not in own:
        reader.warn(own[0], f"is empty, {name} stands for it")
    return text


def country(reader: Reader, name: str, default: str) -> str:
    code = reader.text(name).upper() or default
    if code not in countries_by_alpha2:
        raise reader.wrong(name, "is not an ISO 3166 alpha-2 code")
    return code


def phone(reader: Reader, name: str, country_code: str) -> str:
    """The number as E.164 if possible; masked or odd numbers stay as they came."""
    text = reader.text(name, 40)
    if "*" in text:
        return text
    digits = re.sub(r"[\s().-]", "", text)
    if country_code == "CN" and re.fullmatch(r"1[0-9]{10}", digits):
        return "+86" + digits
    if E164.fullmatch(digits):
        return digits
    if text:
        reader.warn(name, "is not in the form of E.164")
    return text


def email(reader: Reader, name: str) -> str:
    text = reader.text(name, 254, cut=True)
    if not text or "*" in text or EMAIL.fullmatch(text):
        return text
    reader.warn(name, "is no e-mail address and was left out")
    return ""


def customer_id(shop: Shop, known: str, *facts: str) -> str:
    """The channel's id of the customer, or an opaque token if it may be a name or is one of these `facts`, such as
    the phone number. A guest's token is made of the first fact."""
    if CUSTOMER_ID.fullmatch(known) and not any(is_number_of(known, fact) for fact in facts):
        return known
    if known:
        return f"customer-{_token(shop, known)}"
    return f"guest-{_token(shop, next((fact for fact in facts if fact), ''))}"


def properties(readers: Iterable[Reader], name: str, value: str) -> tuple[tuple[str, str], ...]:
    """The options that the customer chose, under the channel's names, without hidden (_) and nested ones."""
    found = (
        (reader.text(name, 100, cut=True), reader.text(value, 1_000, cut=True))
        for reader in readers
        if not isinstance(reader.node.get(value), dict | list)
    )
    return tuple([(key, text) for key, text in found if key and not key.startswith("_") and text][:MAX_PROPERTIES])


def object_properties(reader: Reader) -> tuple[tuple[str, str], ...]:
    """As `properties`, for options written as one object."""
    named = [Reader({"name": key, "value": node}, reader.path, reader.warnings) for key, node in reader.node.items()]
    return properties(named, "name", "value")


def language(reader: Reader, name: str) -> str:
    """The customer's language as a tag such as zh-CN, empty if the channel sends no readable one."""
    tag = reader.text(name, 35, cut=True).replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else ""


def tags(reader: Reader, name: str, texts: Iterable[str]) -> tuple[str, ...]:
    every = [" ".join(text.split()) for text in texts if text.strip()]
    if len(every) > 20 or any(len(tag) > 40 for tag in every):
        reader.warn(name, "only 20 tags of 40 characters were taken")
    return tuple([tag[:40].rstrip() for tag in every[:20]])


def unit_price(reader: Reader, name: str, before: Money, quantity: int) -> Money:
    """The price of one unit, rounded up if the line's total does not divide; the line's discount takes the rest."""
    if before.minor_units >= MAX_MINOR_UNITS:
        raise reader.wrong(name, "is too large an amount")
    return Money(-(-before.minor_units // quantity), before.currency)


def line_cost(reader: Reader, name: str, price: Money, quantity: int) -> Money:
    cost = price * quantity
    if cost.minor_units >= MAX_MINOR_UNITS:
        raise reader.wrong(name, "times its quantity is too large an amount")
    return cost


def total(amounts: Iterable[Money], currency: str) -> Money:
    return Money(sum(amount.minor_units for amount in amounts), currency)


def not_below_zero(reader: Reader, name: str, amount: Money) -> Money:
    if amount.minor_units < 0:
        raise reader.wrong(name, "comes out below zero")
    return amount


def checked_lines(reader: Reader, name: str, lines: Sequence[OrderLine]) -> tuple[OrderLine, ...]:
    if not 1 <= len(lines) <= MAX_LINES:
        raise reader.wrong(name, f"gives {len(lines)} lines, not 1 to {MAX_LINES}")
    return tuple(lines)


def masked(address: Address) -> bool:
    """True if the channel hides the receiver."""
    return bool(address.receiver_token) or any("*" in part for part in (address.name, address.phone, *address.lines))


def kind_of(financial: Financial, placed_at: datetime, modified_at: datetime, address_changed: bool = False) -> Kind:
    """The kind of event that the order's state amounts to, the gravest first."""
    if financial.canceled:
        return Kind.CANCELED
    if financial.refund_asked:
        return Kind.REFUND_ASKED
    if address_changed:
        return Kind.ADDRESS_CHANGED
    if financial.status in PAID:
        return Kind.PAID
    return Kind.CREATE if modified_at <= placed_at else Kind.UPDATED


def split(payload: Any, *wrappers: str) -> list[Any]:
    """Split a page of a list into its orders; a single order is a page of one."""
    node = open_json(payload)
    for wrapper in wrappers:
        node = node[wrapper] if isinstance(node, Mapping) and wrapper in node else node
    return node if isinstance(node, list) else [node]


def _token(shop: Shop, fact: str) -> str:
    return sha256(f"{shop.salt}:{fact.strip().lower()}".encode()).hexdigest()[:40]
