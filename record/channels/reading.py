"""Read what a channel sent: a whole order and what happened to it, names of orders, or neither."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

import structlog

from domain.elsewhere import ParcelElsewhere
from domain.merging import ON_DELIVERY
from domain.order import Order
from domain.status import PaymentStatus
from integrations.channels.reading import Unreadable
from integrations.channels.translated import PAID, Event, Kind, ThinEvent, Translated
from record.channels.accounts import Account
from record.orders.past import paid_back, units_back
from record.orders.rows import NewOrder, new_order

log = structlog.get_logger()

TAKEN, REJECTED, IGNORED, WAITING = "taken", "rejected", "ignored", "waiting"
THIN, PAST = "thin", "past"
"""Kinds of payloads that name orders only, and of past orders that the record refused."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`kinds` is what happened to `order`, and `version` sorts its states. Orders in `wanted` must be fetched first."""

    status: str
    kind: str
    kinds: frozenset[Kind] = frozenset()
    order: Order | None = None
    new: NewOrder | None = None
    version: str = ""
    wanted: tuple[ThinEvent, ...] = ()
    elsewhere: tuple[ParcelElsewhere, ...] = ()
    refunded_minor: int = 0
    """What of a past order went back, as far as it can be told."""
    said_refunded: int = 0
    """What the channel itself says that it has paid back, in minor units."""
    refunded_units: tuple[tuple[str, int], ...] = ()
    field: str | None = None
    reason: str | None = None


def read_webhook(account: Account, headers: Mapping[str, str], raw: bytes) -> Reading:
    """Read a webhook by its headers and body. Errors are in the reading, never raised."""
    return _carefully(account, raw, lambda: _read_events(account, headers, raw))


def read_order(account: Account, raw: bytes, *events: Kind) -> Reading:
    """Read a payload that is an order, from a file or a list; `events` are the kinds of the thin event that named
    it."""
    return _carefully(account, raw, lambda: _read_whole(account, raw, events))


def rejected(field: str, reason: str) -> Reading:
    return Reading(REJECTED, "", field=field, reason=reason)


def unrecordable(error: Exception) -> Reading:
    """Return the reading of an order that violates a constraint of the database."""
    return rejected("$", f"the record does not take it: {type(error).__name__}")


def version_at(modified_at: datetime) -> str:
    """Return the version of an order's state, as a text that sorts by time."""
    return modified_at.astimezone(UTC).isoformat(timespec="microseconds")


def digest(reading: Reading, raw: bytes) -> str:
    """Return a hash that is the same for the same payload and kind of event, however often it is delivered."""
    return sha256(reading.kind.encode() + b"\n" + raw).hexdigest()


def _carefully(account: Account, raw: bytes, read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except Unreadable as error:
        return rejected(error.field, error.reason)
    except Exception as error:
        # A broken translator is our fault: the payload is stored, and retried once it is fixed.
        log.exception("translator_broke", channel=account.channel, bytes=len(raw))
        return rejected("$", f"our translator broke: {type(error).__name__}")


def _read_events(account: Account, headers: Mapping[str, str], raw: bytes) -> Reading:
    read_kinds = account.translator.events
    events: tuple[Event, ...] = read_kinds(headers, raw) if read_kinds else (Kind.UPDATED,)
    if not events:
        return Reading(IGNORED, "", reason="it says nothing of an order")
    thin = tuple([event for event in events if isinstance(event, ThinEvent)])
    if thin:
        return Reading(WAITING, THIN, wanted=thin, reason="it only names its order, which must be fetched")
    return _read_whole(account, raw, tuple([event for event in events if isinstance(event, Kind)]))


def _read_whole(account: Account, raw: bytes, events: tuple[Kind, ...]) -> Reading:
    translated = account.translator.translate(raw, account.shop)
    kinds = frozenset({*events, translated.kind, *_states(translated)})
    order = own_words(translated)
    draft = new_order(order, account.channel)
    version = _version(translated, kinds, draft.request_hash)
    return Reading(
        status=TAKEN,
        kind=events[0] if events else translated.kind,
        kinds=kinds,
        order=order,
        new=new_order(order, account.channel, version, translated.elsewhere),
        version=version,
        elsewhere=translated.elsewhere,
        refunded_minor=paid_back(translated, units_back(translated)),
        said_refunded=_said_refunded(translated),
        refunded_units=translated.financial.refunded_units,
    )


def own_words(translated: Translated) -> Order:
    """Return the order with what the channel says of its money and of the order as a whole."""
    order, financial = translated.order, translated.financial
    method = ON_DELIVERY if financial.cash_on_delivery else order.payment_method
    collected = financial.collected(order.grand_total)
    return replace(order, test=translated.test, payment_method=method, collected=collected)


def _said_refunded(translated: Translated) -> int:
    """Return what the channel says that it has paid back in total: no guess, since a live order's money may still be
    to pay."""
    refunded, total = translated.financial.refunded, translated.order.grand_total
    everything = not refunded.minor_units and translated.financial.status == PaymentStatus.REFUNDED
    return (total if everything else refunded).minor_units


def _states(translated: Translated) -> set[Kind]:
    """Return all kinds that the state of the order implies."""
    financial = translated.financial
    states = {
        Kind.PAID: financial.status in PAID,
        Kind.CANCELED: financial.canceled,
        Kind.REFUND_ASKED: financial.refund_asked,
    }
    return {kind for kind, holds in states.items() if holds}


def _version(translated: Translated, kinds: frozenset[Kind], request_hash: str) -> str:
    """Return a text that sorts later for a later state. At one moment, a changed address sorts last."""
    at = version_at(translated.modified_at)
    return f"{at} changed {request_hash[:16]}" if Kind.ADDRESS_CHANGED in kinds else at
