"""Keys to the API."""

from sqlalchemy import ColumnElement, ForeignKey, Index, func, or_
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When
from models.stock import LocationRow


class ApiKeyRow(Base):
    """A key to the API: only its SHA-256 is kept. The key itself is 256 random bits, so a slow hash gains nothing."""

    __tablename__ = "api_keys"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str]
    """The public name of the key."""
    name: Mapped[str]
    role: Mapped[str]
    channel: Mapped[str | None]
    location: Mapped[str | None] = mapped_column(ForeignKey(LocationRow.location_id))
    """The store of a store's key; null for every other role."""
    created_at: Mapped[Now]
    expires_at: Mapped[When]
    last_used_at: Mapped[When]
    """To the minute."""
    revoked_at: Mapped[When]

    __table_args__ = (Index("ix_api_keys_key_id", "key_id", unique=True),)


def is_in_force() -> ColumnElement[bool]:
    """Condition for keys that are neither revoked nor expired."""
    return ApiKeyRow.revoked_at.is_(None) & or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > func.now())
