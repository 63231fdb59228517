"""Orders in progress whose customer asked for erasure."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When


class ErasureDueRow(Base):
    """An order that is erased as soon as it has ended. The row names nobody, and is deleted when that is done."""

    __tablename__ = "erasures_due"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    pseudonym: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[Now]


class HashedContactsRow(Base):
    """How far the receivers of older orders have been hashed with a key; `key_digest` stands for the key."""

    __tablename__ = "hashed_contacts"

    key_digest: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_order_id: Mapped[str] = mapped_column(server_default="")
    """Empty before the first order, and again after the last one."""
    begun_at: Mapped[Now]
    done_at: Mapped[When]
