"""Choose carriers for a parcel: rank them once, and store the offers before any carrier is called."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from domain.carriers import Box, Consignment, Offer, rank
from domain.parameters import BY_TMS, Parameters
from domain.payment_terms import TermsKind, terms_of
from integrations.bookings import ParcelSize
from models.order import OrderRow
from models.packed import Packed, pack
from models.prepared import prepared
from record.shipping.parcels import MEASURES, Parcel, boxes_of

CHINA = timezone(timedelta(hours=8))
ANYBODY = Offer("", BY_TMS, eligible=True, why="no carrier is on record, so the TMS chooses")

# Of two concurrent rankings the later one gets what the first wrote.
_CHOOSE = prepared(
    text("""
    INSERT INTO bookings (shipment_id, offers, asked) VALUES (:shipment_id, CAST(:offers AS jsonb), :asked)
    ON CONFLICT (shipment_id) DO UPDATE SET offers = bookings.offers
    RETURNING offers, asked, refusals, given_back_at,
        ARRAY(SELECT nextval('sscc_serial') FROM generate_series(1, :boxes)) AS serials
""").columns(offers=Packed, refusals=JSONB)
)


@dataclass(frozen=True)
class RankedOffers:
    """The ranked carriers of a parcel, those that refused and why, and the one asked last. `serials` are numbers for
    its boxes (SSCC)."""

    offers: Sequence[dict[str, Any]]
    refusals: dict[str, str]
    asked: str
    given_back: bool
    serials: Sequence[int] = ()

    @property
    def remaining(self) -> list[dict[str, Any]]:
        """The carriers that may still be asked, best first."""
        if self.given_back:
            return []
        return [offer for offer in self.offers if offer["eligible"] and offer["carrier"] not in self.refusals]


def choose_carriers(session: Session, shipment_id: str, parcel: Parcel, parameters: Parameters) -> RankedOffers:
    """Rank the carriers for a parcel and store the offers, with the first of them as the one that is asked; a repeat
    returns the first ranking."""
    if known := parcel.booking:
        return RankedOffers(known.offers, known.refusals, known.asked, known.given_back_at is not None)
    offers = rank(parameters.carriers, parameters.freight_rates, _consignment(parcel, parameters)) or [ANYBODY]
    asked = next((offer.carrier for offer in offers if offer.eligible), "")
    values = {"offers": json.dumps(pack([_offer_fields(offer) for offer in offers])), "asked": asked}
    boxes = len(boxes_of(parcel.rows))
    stored = session.execute(_CHOOSE, {"shipment_id": shipment_id, "boxes": boxes, **values}).one()
    return RankedOffers(stored.offers, stored.refusals, stored.asked, stored.given_back_at is not None, stored.serials)


def _consignment(parcel: Parcel, parameters: Parameters) -> Consignment:
    order, location = parcel.orders[0], parcel.location
    region, asked = order.repaired_region, order.instructions
    boxes = [Box(box["weight_grams"], _measures(box)) for box in boxes_of(parcel.rows)]
    return Consignment(
        origin=(location.country, location.province),
        destination=(order.country, str(region.get("province", order.province))),
        boxes=tuple(boxes) or (Box(sum(one.weight_grams * one.units for one in parcel.goods)),),
        channels=frozenset(one.channel for one in parcel.orders),
        dangerous=frozenset(one.dangerous for one in parcel.goods) - {""},
        wish=str(asked.get("carrier", "")),
        within_days=_days_until(order),
        urgent=bool(asked.get("urgent")),
        collected_by=_collectors(order, parameters),
    )


def _collectors(order: OrderRow, parameters: Parameters) -> frozenset[str] | None:
    if order.payment_terms != TermsKind.ON_DELIVERY:
        return None
    return terms_of(parameters.payment_terms, order.channel, order.payment_method).carriers


def _measures(box: ParcelSize) -> tuple[int, int, int] | None:
    return (box["length_mm"], box["width_mm"], box["height_mm"]) if box.keys() >= set(MEASURES) else None


def _days_until(order: OrderRow) -> int | None:
    """Return the days until the wished or promised day, whichever is earlier, in Chinese time; never below 0."""
    wished, promised = order.instructions.get("deliver_on"), order.promised_deliver_by
    days = [date.fromisoformat(wished)] if wished else []
    days += [promised.astimezone(CHINA).date()] if promised else []
    return max(0, (min(days) - datetime.now(UTC).astimezone(CHINA).date()).days) if days else None


def _offer_fields(offer: Offer) -> dict[str, Any]:
    price = offer.price
    return {
        "carrier": offer.carrier,
        "by": offer.by,
        "eligible": offer.eligible,
        "why": offer.why,
        "days": offer.days,
        "cost_minor": price and price.minor_units,
        "cost_currency": price and price.currency,
    }
