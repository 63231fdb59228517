"""Where the answers to requests with an Idempotency-Key are kept: unique by holder and key, for a day."""

from typing import NamedTuple

from sqlalchemy import text

from models.database import Sessions

# An expired key is a new one, and so is one whose process died: what it began is safe to do again.
CLAIM = text("""
    INSERT INTO idempotency_keys AS known (holder, key, fingerprint) VALUES (:holder, :key, :fingerprint)
    ON CONFLICT (holder, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, claimed_at = now(), status = NULL, body = NULL, media_type = NULL
        WHERE known.claimed_at < now() - interval '24 hours'
           OR known.status IS NULL AND known.claimed_at < now() - interval '1 minute'
              AND known.fingerprint = excluded.fingerprint
    RETURNING key
""")
FIND = text("SELECT fingerprint, status, body, media_type FROM idempotency_keys WHERE holder = :holder AND key = :key")
# Each claim removes at most two, so the table shrinks without a job and no request pays for the others.
CLEAN_UP = text("""
    DELETE FROM idempotency_keys WHERE (holder, key) IN (
        SELECT holder, key FROM idempotency_keys WHERE claimed_at < now() - interval '24 hours'
        ORDER BY claimed_at LIMIT 2 FOR UPDATE SKIP LOCKED)
""")
OURS = "WHERE holder = :holder AND key = :key AND fingerprint = :fingerprint AND status IS NULL"
KEEP = text(f"UPDATE idempotency_keys SET status = :status, body = :body, media_type = :media_type {OURS}")
FORGET = text(f"DELETE FROM idempotency_keys {OURS}")


class Kept(NamedTuple):
    """What is known of a key; `status` is None while the first request is still running."""

    fingerprint: str
    status: int | None
    body: str | None
    media_type: str | None


class AnswerStore:
    """Every method is one short transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def claim(self, holder: str, key: str, fingerprint: str) -> Kept | None:
        """None when the request is the first with this key: answer it, then `keep` the answer or `forget` the key."""
        with self._sessions.begin() as session:
            session.execute(CLEAN_UP)
            wanted = {"holder": holder, "key": key, "fingerprint": fingerprint}
            if session.scalar(CLAIM, wanted) is not None:
                return None
            row = session.execute(FIND, wanted).one_or_none()
        # The first request failed at this very moment: as if it were still running, so that this one comes again.
        return Kept(*row) if row else Kept(fingerprint, None, None, None)

    def keep(self, holder: str, key: str, fingerprint: str, status: int, body: str, media_type: str) -> None:
        with self._sessions.begin() as session:
            told = {"status": status, "body": body, "media_type": media_type}
            session.execute(KEEP, {"holder": holder, "key": key, "fingerprint": fingerprint} | told)

    def forget(self, holder: str, key: str, fingerprint: str) -> None:
        with self._sessions.begin() as session:
            session.execute(FORGET, {"holder": holder, "key": key, "fingerprint": fingerprint})
