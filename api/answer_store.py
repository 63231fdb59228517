"""Keeps the answers to requests with an Idempotency-Key for a day, unique by holder and key."""

from typing import NamedTuple

from sqlalchemy import text

from models.database import Sessions

# A key may be claimed again when it has expired, or when its first request died: what that began is safe to repeat.
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
# Each claim deletes at most two expired keys, so that the table shrinks without a job and no request pays for many.
CLEAN_UP = text("""
    DELETE FROM idempotency_keys WHERE (holder, key) IN (
        SELECT holder, key FROM idempotency_keys WHERE claimed_at < now() - interval '24 hours'
        ORDER BY claimed_at LIMIT 2 FOR UPDATE SKIP LOCKED)
""")
OURS = "WHERE holder = :holder AND key = :key AND fingerprint = :fingerprint AND status IS NULL"
KEEP = text(f"UPDATE idempotency_keys SET status = :status, body = :body, media_type = :media_type {OURS}")
FORGET = text(f"DELETE FROM idempotency_keys {OURS}")


class Kept(NamedTuple):
    """The request and answer kept under a key; `status` is None while the first request is still running."""

    fingerprint: str
    status: int | None
    body: str | None
    media_type: str | None


class AnswerStore:
    """Every method is one short transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def claim(self, holder: str, key: str, fingerprint: str) -> Kept | None:
        """Return what is kept under the key, or None for the first request: answer it, then `keep` or `forget`."""
        with self._sessions.begin() as session:
            session.execute(CLEAN_UP)
            request = {"holder": holder, "key": key, "fingerprint": fingerprint}
            if session.scalar(CLAIM, request) is not None:
                return None
            row = session.execute(FIND, request).one_or_none()
        # The first request failed at this very moment: report it as still running, so that this one is sent again.
        return Kept(*row) if row else Kept(fingerprint, None, None, None)

    def keep(self, holder: str, key: str, fingerprint: str, status: int, body: str, media_type: str) -> None:
        with self._sessions.begin() as session:
            answer = {"status": status, "body": body, "media_type": media_type}
            session.execute(KEEP, {"holder": holder, "key": key, "fingerprint": fingerprint} | answer)

    def forget(self, holder: str, key: str, fingerprint: str) -> None:
        with self._sessions.begin() as session:
            session.execute(FORGET, {"holder": holder, "key": key, "fingerprint": fingerprint})
