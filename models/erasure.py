"""Orders in progress whose customer asked for erasure."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now


class ErasureDueRow(Base):
    """An order that is erased as soon as it has ended. The row names nobody, and is deleted when that is done."""

    __tablename__ = "erasures_due"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    pseudonym: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[Now]
