"""Answers about promises."""

from typing import Any

from api.promises.schemas import NearStoreAnswer, PromiseAnswer, PromisedLine, PromisedParcel, WhyAnswer
from domain.money import Money
from domain.promising import KeptKind, Parcel
from models.promises import PromiseRow
from record.promises.asking import Asked, Offer


def offered(asked: Asked, made: Offer, row: PromiseRow | None = None, excluded: bool = False) -> PromiseAnswer:
    """Return what can be promised, and what of it is kept; with `excluded` also why other locations do not send."""
    left_out = dict(made.excluded) if excluded else {}
    why = WhyAnswer.model_validate(
        {"policy": made.policy, "reason": made.reason, "codes": made.codes, "excluded": left_out}
    )
    return PromiseAnswer(
        channel=asked.channel,
        at=made.at,
        complete=made.complete,
        lines=[PromisedLine.model_validate(line) for line in made.lines],
        parcels=[_parcel(one, made.currency) for one in made.parcels],
        ship_by=made.promised.ship_by,
        deliver_by=made.promised.deliver_by,
        freight=_text(made.freight_minor, made.currency),
        currency=made.currency,
        stores=[NearStoreAnswer.model_validate(one) for one in made.stores],
        why=why,
        **_keeping(row),
    )


def kept(row: PromiseRow) -> PromiseAnswer:
    """Return a promise as it was given, and as it stands."""
    return PromiseAnswer.model_validate(row.answer | _keeping(row))


def _keeping(row: PromiseRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    held = KeptKind.STOCK if row.held_until else KeptKind.DATES
    return {"promise_id": row.promise_id, "held": held, "expires_at": row.expires_at, "order_id": row.order_id}


def _parcel(one: Parcel, currency: str) -> PromisedParcel:
    return PromisedParcel(
        location_id=one.location_id,
        units=dict(one.units),
        carrier=one.carrier,
        freight=_text(one.freight_minor, currency),
        kilometers=round(one.kilometers, 1),
        leaves_at=one.leaves_at,
        arrives_at=one.arrives_at,
        latest_at=one.latest_at,
    )


def _text(minor: int | None, currency: str) -> str | None:
    return None if minor is None else Money(minor, currency).text
