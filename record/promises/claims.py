"""The stock that promises hold: how much one holder has, and its release."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.orm import Session

from domain.stock.movements import Movement
from models.prepared import prepared
from record.stock import ledger

RELEASED = "a promise ended"
_IDS = bindparam("promises", type_=ARRAY(Text))
_HELD = prepared("""
    SELECT '' AS sku, count(*) AS units FROM promises
    WHERE holder = :holder AND held_until IS NOT NULL AND order_id IS NULL
    UNION ALL
    SELECT claims.sku, sum(claims.quantity) FROM promises JOIN promise_claims AS claims USING (promise_id)
    WHERE holder = :holder AND held_until IS NOT NULL AND order_id IS NULL GROUP BY claims.sku
""").bindparams(bindparam("holder", type_=Text))
_END = text(
    "DELETE FROM promise_claims WHERE promise_id = ANY(:promises) RETURNING sku, location_id, quantity"
).bindparams(_IDS)
_NOTHING_HELD = text("UPDATE promises SET held_until = NULL WHERE promise_id = ANY(:promises)").bindparams(_IDS)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the carts of one holder hold; also those that have just expired."""

    carts: int = 0
    units: dict[str, int] = field(default_factory=dict)

    @property
    def in_all(self) -> int:
        return sum(self.units.values())


def holding_of(session: Session, holder: str) -> Holding:
    found = {row.sku: int(row.units) for row in session.execute(_HELD, {"holder": holder})}
    return Holding(found.pop("", 0), found)


def end_claims(session: Session, promise_ids: Sequence[str]) -> list[Movement]:
    """Delete the claims of promises that the caller has locked. Return the movements that it must post."""
    ended = session.execute(_END, {"promises": list(promise_ids)}).all()
    session.execute(_NOTHING_HELD, {"promises": list(promise_ids)})
    return [Movement("released", row.sku, row.location_id, row.quantity) for row in ended]


def give_back(session: Session, promise_ids: Sequence[str]) -> None:
    """Release the stock of promises that the caller has locked; safe when they hold none."""
    ledger.post(session, end_claims(session, promise_ids), None, RELEASED)
