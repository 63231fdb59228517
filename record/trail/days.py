"""Close days: sign the root of a Merkle tree over all orders that were sealed on the day.

Whoever rewrites the chain of an order cannot sign the root again, since the key is not in the database, nor have the
worker sign it again, since the root is anchored outside (record/trail/anchors.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pymerkle import InmemoryTree
from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Session

from domain.trace import Day, leaf
from models.base import table
from models.database import Sessions
from models.locks import Lock, try_lock
from models.trace import TraceLeafRow, TraceRootRow
from record.trail.anchors import Anchor, Keeper

NEXT_DAY = text("""
    SELECT coalesce((SELECT max(day) + 1 FROM trace_roots),
        (SELECT (min(sealed_at) AT TIME ZONE 'UTC')::date FROM (
            -- The oldest are sealed in the order of their facts, but for one that was set aside and tried again.
            SELECT sealed_at FROM event_seals ORDER BY event_id LIMIT 1000) AS oldest)) AS day,
        (now() AT TIME ZONE 'UTC')::date AS today
""")
KEEP_LEAVES = text("""
    INSERT INTO trace_leaves (day, order_id, position, hash)
    SELECT DISTINCT ON (order_id) :day, order_id, position, hash FROM event_seals
    WHERE sealed_at >= CAST(:day AS timestamp) AT TIME ZONE 'UTC'
        AND sealed_at < CAST(:next AS timestamp) AT TIME ZONE 'UTC'
    ORDER BY order_id, position DESC
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Included:
    """Proof that the first `position` facts of an order are in the root of a day; `path` are the hashes between leaf
    and root, in hexadecimal."""

    included_in: Day
    signature: bytes
    position: int
    path: tuple[str, ...]


class NotAKey(ValueError):
    """The text is not an Ed25519 key."""


def read_key(text_: str) -> Ed25519PrivateKey:
    """Read the key from 32 bytes in hexadecimal. Raises NotAKey."""
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text_))
    except ValueError:
        raise NotAKey("BATON_TRACE_KEY is not 32 bytes in hexadecimal") from None


class Days:
    """Closes one day after the other. Each is anchored with every keeper before its signature is stored."""

    def __init__(self, sessions: Sessions, key: Ed25519PrivateKey, keepers: Sequence[Keeper] = ()) -> None:
        self._sessions = sessions
        self._key = key
        self._keepers = keepers
        self._all_closed_on: date | None = None

    def close(self) -> int:
        """Sign the oldest day that is over and not signed, even if nothing happened on it.

        Returns the number of days signed, 1 or 0. Once all are signed it does nothing until the next day. Raises
        Resigned if a keeper has another root for the day.
        """
        if self._all_closed_on == datetime.now(UTC).date() or (made := self._over()) is None:
            return 0
        signature = self._key.sign(made.statement)
        # Outside of any transaction. Safe to repeat after a crash: the same day has the same root and signature.
        for keeper in self._keepers:
            keeper.keep(Anchor.of(made, signature))
        values = {"day": made.day, "orders": made.orders, "root": made.root, "previous": made.previous}
        with self._sessions.begin() as session:
            signed = postgresql_insert(table(TraceRootRow)).values(values | {"signature": signature})
            session.execute(signed.on_conflict_do_nothing())
        return 1

    def _over(self) -> Day | None:
        """Store the leaves of the oldest unsigned day that is over, and return it; None when there is none or another
        process holds the lock."""
        with self._sessions.begin() as session:
            if not try_lock(session, Lock.SEALING):
                return None
            day, today = session.execute(NEXT_DAY).one()
            if day is None or day >= today:
                self._all_closed_on = today
                return None
            session.execute(KEEP_LEAVES, {"day": day, "next": day + timedelta(days=1)})
            return current_day(session, day)


def current_day(session: Session, day: date) -> Day:
    """Return the day computed from its stored leaves and the root of the day before."""
    tree, before = _tree(_leaves(session, day)), TraceRootRow.day < day
    previous = session.scalar(select(TraceRootRow.root).where(before).order_by(TraceRootRow.day.desc()).limit(1))
    return Day(day, tree.get_size(), tree.get_root(), bytes(previous or b""))


def is_signed(day: Day, signature: bytes, key: Ed25519PublicKey) -> bool:
    """True if the signature is that of this day by this key."""
    try:
        key.verify(signature, day.statement)
    except InvalidSignature:
        return False
    return True


def inclusion(session: Session, order_id: str) -> Included | None:
    """Return the newest proof of an order in a signed day; None before its first day is over."""
    days = select(TraceRootRow).join(TraceLeafRow, TraceLeafRow.day == TraceRootRow.day)
    newest = days.where(TraceLeafRow.order_id == order_id).order_by(TraceRootRow.day.desc()).limit(1)
    root = session.scalars(newest).first()
    if root is None:
        return None
    leaves = _leaves(session, root.day)
    index = next(number for number, row in enumerate(leaves, 1) if row.order_id == order_id)
    proof = _tree(leaves).prove_inclusion(index, len(leaves))
    path = tuple(part.hex() for part in proof.path)
    return Included(current_day(session, root.day), bytes(root.signature), leaves[index - 1].position, path)


def _leaves(session: Session, day: date) -> Sequence[Row[str, int, bytes]]:
    columns = TraceLeafRow.order_id, TraceLeafRow.position, TraceLeafRow.hash
    return session.execute(select(*columns).where(TraceLeafRow.day == day).order_by(TraceLeafRow.order_id)).all()


def _tree(leaves: Sequence[Row[str, int, bytes]]) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries([leaf(row.order_id, row.position, bytes(row.hash)) for row in leaves])
    return tree
