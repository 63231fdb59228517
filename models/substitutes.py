"""Which goods may take the place of others that are short."""

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ProductSubstituteRow(Base):
    """`substitute_sku` may be sent instead of `sku`; the lowest rank is proposed first."""

    __tablename__ = "product_substitutes"

    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    substitute_sku: Mapped[str] = mapped_column(ForeignKey("products.sku"), primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (CheckConstraint("sku <> substitute_sku", "another"),)
