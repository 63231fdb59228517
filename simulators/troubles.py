"""Troubles of single orders: one happens to an order whose data contains its name."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class Trouble(StrEnum):
    """The troubles of an order; docs/partners.md says what each one does."""

    SHORT_PICK = "SHORT-PICK"
    PICK_REJECTED = "PICK-REJECTED"
    CARRIER_DOWN = "CARRIER-DOWN"
    CARRIER_REFUSES = "CARRIER-REFUSES"
    SLOW_ERP = "SLOW-ERP"
    DUPLICATE_WEBHOOK = "DUPLICATE-WEBHOOK"
    LATE_WEBHOOK = "LATE-WEBHOOK"
    PAYMENT_UNSETTLED = "PAYMENT-UNSETTLED"
    CAPTURE_REFUSED = "CAPTURE-REFUSED"
    NO_INCREMENT = "NO-INCREMENT"
    NO_RENEWAL = "NO-RENEWAL"
    REFUND_PENDING = "REFUND-PENDING"
    REFUND_FAILED = "REFUND-FAILED"
    LOST_PARCEL = "LOST-PARCEL"
    UNDELIVERABLE = "UNDELIVERABLE"
    LATE_DELIVERY = "LATE-DELIVERY"
    REFUSED_BY_RECEIVER = "REFUSED-BY-RECEIVER"
    DAMAGED_PARCEL = "DAMAGED-PARCEL"
    FAILED_ATTEMPTS = "FAILED-ATTEMPTS"
    NO_SIGNATURE = "NO-SIGNATURE"
    UNTOLD_DELIVERY = "UNTOLD-DELIVERY"
    FORGOTTEN_MESSAGE = "FORGOTTEN-MESSAGE"
    FORGOTTEN_SHIPMENT = "FORGOTTEN-SHIPMENT"
    FORGOTTEN_REFUND = "FORGOTTEN-REFUND"
    ODD_AMOUNT = "ODD-AMOUNT"
    MISCOUNTED = "MISCOUNTED"


Troubles = frozenset[Trouble]

_ANY_NAME = re.compile("|".join(Trouble))
_NONE: Troubles = frozenset()


def named_in(*texts: str) -> Troubles:
    """The troubles named in the texts."""
    names = _ANY_NAME.findall("\n".join(texts))
    return frozenset(map(Trouble, names)) if names else _NONE


def of_order(order: Mapping[str, Any]) -> Troubles:
    """The troubles named by an order's channel order id or by the SKU of a line."""
    return named_in(order.get("channel_order_id", ""), *skus(order.get("lines", ())))


def skus(lines: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The SKUs of lines."""
    return (line["sku"] for line in lines)
