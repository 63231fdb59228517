"""Finds orders by the receiver's phone or e-mail: the row has a keyed hash of each, which nobody can read back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.people import contact_email, contact_phone
from models.database import Sessions
from models.erasure import HashedContactsRow
from models.order import OrderRow
from models.vault import vault_of

AT_ONCE = 200
"""Orders of one transaction of the sweep; few, since it keeps them locked."""
KEY = "the key of contacts"
OLDER = text("""
    SELECT order_id, country, phone_hash, email_hash,
        coalesce(receiver->>'phone', '') AS phone, coalesce(receiver->>'email', '') AS email
    FROM orders WHERE order_id > :last ORDER BY order_id LIMIT :most
""")
# A receiver who was changed or erased since it was read is left as it is.
HASH = text("""
    UPDATE orders SET phone_hash = v.phone_hash, email_hash = v.email_hash
    FROM unnest(CAST(:orders AS text[]), CAST(:phones AS text[]), CAST(:emails AS text[]),
        CAST(:phone_hashes AS bigint[]), CAST(:email_hashes AS bigint[]))
        AS v (order_id, phone, email, phone_hash, email_hash)
    WHERE orders.order_id = v.order_id
        AND coalesce(receiver->>'phone', '') = v.phone AND coalesce(receiver->>'email', '') = v.email
        AND (orders.phone_hash, orders.email_hash) IS DISTINCT FROM (v.phone_hash, v.email_hash)
""")


def hashes_of(session: Session, phone: str, email: str) -> tuple[int | None, int | None]:
    """Return the hashes of a phone and an e-mail in the form of `domain.people`: None for an empty text, and in
    sessions without a vault."""
    if "vault" not in session.info:
        return None, None
    vault = vault_of(session)
    return vault.digest(phone) if phone else None, vault.digest(email) if email else None


def hash_receiver(session: Session, row: OrderRow) -> None:
    """Hash the receiver of an order anew, after a change."""
    phone, email = row.receiver.get("phone", ""), row.receiver.get("email", "")
    row.phone_hash, row.email_hash = hashes_of(session, contact_phone(phone, row.country), contact_email(email))


class ContactSweep:
    """Hashes the receivers of orders from before, and those of all orders when the first key of the vault is new."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._done = False

    def run(self) -> int:
        """Hash the next orders. Return how many were read: 0 once all are done."""
        if self._done:
            return 0
        with self._sessions.begin() as session:
            key = vault_of(session).digest(KEY)
            session.execute(insert(HashedContactsRow).values(key_digest=key).on_conflict_do_nothing())
            progress = session.get_one(HashedContactsRow, key, with_for_update=True)
            if progress.done_at is not None:
                self._done = True
                return 0
            rows = session.execute(OLDER, {"last": progress.last_order_id, "most": AT_ONCE}).all()
            # Without another key before, a hash that is there is by this one.
            others = select(HashedContactsRow.key_digest).where(HashedContactsRow.key_digest != key).limit(1)
            anew = session.scalar(others) is not None
            _hash(session, [row for row in rows if anew or row.phone_hash is row.email_hash is None])
            progress.last_order_id = rows[-1].order_id if len(rows) == AT_ONCE else ""
            progress.done_at = None if progress.last_order_id else datetime.now(UTC)
            return len(rows)


def _hash(session: Session, rows: Sequence[Any]) -> None:
    hashes = [hashes_of(session, contact_phone(row.phone, row.country), contact_email(row.email)) for row in rows]
    values = {
        "orders": [row.order_id for row in rows],
        "phones": [row.phone for row in rows],
        "emails": [row.email for row in rows],
        "phone_hashes": [phone for phone, _ in hashes],
        "email_hashes": [email for _, email in hashes],
    }
    if rows:
        session.execute(HASH, values)
