"""What a channel sent, as far as it can be read: a whole order and what happened to it, names of orders, or neither."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

import structlog

from domain.merging import ON_DELIVERY
from domain.order import Order
from integrations.channels.reading import Unreadable
from integrations.channels.shaping import PAID
from integrations.channels.translated import Event, Kind, ThinEvent, Translated
from record.channels.accounts import Account
from record.orders.rows import NewOrder, new_order

log = structlog.get_logger()

TAKEN, REJECTED, IGNORED, WAITING = "taken", "rejected", "ignored", "waiting"
THIN = "thin"


@dataclass(frozen=True, slots=True)
class Reading:
    """`kinds` is what happened to `order`, of which `version` says how new it is. `wanted` must be fetched first."""

    status: str
    kind: str
    kinds: frozenset[Kind] = frozenset()
    order: Order | None = None
    new: NewOrder | None = None
    version: str = ""
    wanted: tuple[ThinEvent, ...] = ()
    field: str | None = None
    reason: str | None = None


def read_webhook(account: Account, headers: Mapping[str, str], raw: bytes) -> Reading:
    """A webhook by its headers and body. Whatever is wrong with it is told, never raised."""
    return _carefully(account, raw, lambda: _read_events(account, headers, raw))


def read_order(account: Account, raw: bytes, *events: Kind) -> Reading:
    """A payload that is an order, such as one of a file or of a list; `events` is what a thin event said of it."""
    return _carefully(account, raw, lambda: _read_whole(account, raw, events))


def rejected(field: str, reason: str) -> Reading:
    return Reading(REJECTED, "", field=field, reason=reason)


def unrecordable(error: Exception) -> Reading:
    """What was read breaks a constraint of the record."""
    return rejected("$", f"the record does not take it: {type(error).__name__}")


def version_at(modified_at: datetime) -> str:
    """How new the state of an order is, as a text that sorts."""
    return modified_at.astimezone(UTC).isoformat(timespec="microseconds")


def digest(reading: Reading, raw: bytes) -> str:
    """The same for the same payload about the same kind of event, however often it is delivered."""
    return sha256(reading.kind.encode() + b"\n" + raw).hexdigest()


def _carefully(account: Account, raw: bytes, read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except Unreadable as error:
        return rejected(error.field, error.reason)
    except Exception as error:
        # A translator that breaks is our fault: the payload is kept, and tried again once it is mended.
        log.exception("translator_broke", channel=account.channel, bytes=len(raw))
        return rejected("$", f"our translator broke: {type(error).__name__}")


def _read_events(account: Account, headers: Mapping[str, str], raw: bytes) -> Reading:
    tells = account.translator.events
    events: tuple[Event, ...] = tells(headers, raw) if tells else (Kind.UPDATED,)
    if not events:
        return Reading(IGNORED, "", reason="it says nothing of an order")
    thin = tuple([event for event in events if isinstance(event, ThinEvent)])
    if thin:
        return Reading(WAITING, THIN, wanted=thin, reason="it only names its order, which must be fetched")
    return _read_whole(account, raw, tuple([event for event in events if isinstance(event, Kind)]))


def _read_whole(account: Account, raw: bytes, events: tuple[Kind, ...]) -> Reading:
    told = account.translator.translate(raw, account.shop)
    kinds = frozenset({*events, told.kind, *_states(told)})
    method = ON_DELIVERY if told.financial.cash_on_delivery else told.order.payment_method
    order = replace(told.order, test=told.test, payment_method=method)
    draft = new_order(order, account.channel)
    version = _version(told, kinds, draft.request_hash)
    return Reading(
        status=TAKEN,
        kind=events[0] if events else told.kind,
        kinds=kinds,
        order=order,
        new=new_order(order, account.channel, version),
        version=version,
    )


def _states(told: Translated) -> set[Kind]:
    """What the state of the order says beside its gravest part."""
    financial = told.financial
    said = {
        Kind.PAID: financial.status in PAID,
        Kind.CANCELED: financial.canceled,
        Kind.REFUND_ASKED: financial.refund_asked,
    }
    return {kind for kind, holds in said.items() if holds}


def _version(told: Translated, kinds: frozenset[Kind], request_hash: str) -> str:
    """A text that is larger for a later state. Of one moment, a changed address comes after anything else."""
    at = version_at(told.modified_at)
    return f"{at} changed {request_hash[:16]}" if Kind.ADDRESS_CHANGED in kinds else at
