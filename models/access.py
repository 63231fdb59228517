"""Who may call the API."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When


class ApiKeyRow(Base):
    """A key to the API: only its SHA-256 is kept. The key itself is 256 random bits, so a slow hash gains nothing."""

    __tablename__ = "api_keys"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    channel: Mapped[str | None]
    location: Mapped[str | None] = mapped_column(ForeignKey("locations.location_id"))
    """Where the key of a store works; null for every other role."""
    created_at: Mapped[Now]
    revoked_at: Mapped[When]
