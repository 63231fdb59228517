"""Orders whose person asked to be forgotten while they were under way."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now


class ErasureDueRow(Base):
    """An order that is to name nobody once it has ended. The row names nobody, and goes when that is done."""

    __tablename__ = "erasures_due"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    pseudonym: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[Now]
