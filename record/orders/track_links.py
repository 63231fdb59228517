"""Links to customers' pages: made from an order's id and the generation of its links, revoked, and proofs counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.track_tokens import TrackToken, derive_key, read_token, write_token
from models.track import TrackLinkRow

WRONG_A_DAY, WRONG_IN_ALL = 5, 20
"""Wrong proofs after which no act is possible: for a day, and until staff revoke the links."""
DAY = timedelta(days=1)


class Proof(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class TrackLinks:
    """Writes and reads links. The first of the keys signs; links that an older one signed are read as well.

    `address` is where customers reach the pages, such as `https://orders.shop.example`; empty where there are none.
    """

    keys: tuple[bytes, ...]
    address: str
    valid_for: timedelta

    @staticmethod
    def of(secrets_keys: Iterable[str], address: str, valid_for: timedelta) -> "TrackLinks":
        keys = tuple(derive_key(bytes.fromhex(key)) for key in secrets_keys)
        return TrackLinks(keys, address.rstrip("/"), valid_for)

    def token(self, order_id: str, generation: int, since: datetime) -> str:
        """Return the token of a link that is made at this time. Equal all day long."""
        return write_token(TrackToken(order_id, generation, self.last_day(since)), self.keys[0])

    def link(self, token: str) -> str:
        return f"{self.address}/track/{token}"

    def last_day(self, since: datetime) -> date:
        return (since.astimezone(UTC) + self.valid_for).date()

    def read(self, text: str) -> TrackToken | None:
        return read_token(text, self.keys)


def generation_of(session: Session, order_id: str) -> int:
    row = select(TrackLinkRow.generation).where(TrackLinkRow.order_id == order_id)
    return session.scalar(row) or 0


def generations_of(session: Session, orders: Iterable[str]) -> dict[str, int]:
    """Return the generation of the links of each order that has another than the first."""
    rows = select(TrackLinkRow.order_id, TrackLinkRow.generation).where(TrackLinkRow.order_id.in_(set(orders)))
    return {row.order_id: row.generation for row in session.execute(rows)}


def revoke_links(session: Session, order_id: str, by: str) -> None:
    """End all links of the order. Those that are made from now on have all tries again."""
    row = _locked(session, order_id)
    row.generation, row.revoked_by, row.revoked_at = row.generation + 1, by, datetime.now(UTC)
    row.wrong = row.wrong_in_all = 0


def check_proof(session: Session, order_id: str, given: str, right: str) -> Proof:
    """Compare a proof, and count it if it is wrong. Tries of one order wait for each other, so none is uncounted."""
    row, now = _locked(session, order_id), datetime.now(UTC)
    if row.wrong_since is None or now - row.wrong_since > DAY:
        row.wrong, row.wrong_since = 0, now
    if row.wrong >= WRONG_A_DAY or row.wrong_in_all >= WRONG_IN_ALL:
        return Proof.LOCKED
    if right and given == right:
        row.wrong = 0
        return Proof.RIGHT
    row.wrong, row.wrong_in_all = row.wrong + 1, row.wrong_in_all + 1
    return Proof.WRONG


def _locked(session: Session, order_id: str) -> TrackLinkRow:
    session.execute(insert(TrackLinkRow).values(order_id=order_id).on_conflict_do_nothing())
    return session.scalars(select(TrackLinkRow).where(TrackLinkRow.order_id == order_id).with_for_update()).one()
