"""Return cases: what was asked, what came, and what became of it."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.status import ReturnStatus
from models.base import Base, Now, When


class ReturnRow(Base):
    """One case. Receipt, inspection and refund are three facts with a time each, in whatever order they come."""

    __tablename__ = "returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    case_id: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=ReturnStatus.REQUESTED)
    reason: Mapped[str]
    refusal: Mapped[str | None]
    """Why it was rejected, in words."""
    location_id: Mapped[str | None]
    goods: Mapped[str | None]
    """Where the goods were when the case began: recalled, intercepted or delivered."""
    refund_minor: Mapped[int | None] = mapped_column(BigInteger)
    attention: Mapped[str | None]
    requested_at: Mapped[Now]
    received_at: Mapped[When]
    inspected_at: Mapped[When]
    refunded_at: Mapped[When]
    closed_at: Mapped[When]

    __table_args__ = (UniqueConstraint("order_id", "case_id"), Index("ix_returns_status", "status", "return_id"))


class ReturnLineRow(Base):
    """How many units of an order line a case is about."""

    __tablename__ = "return_lines"

    return_id: Mapped[str] = mapped_column(ForeignKey("returns.return_id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sku: Mapped[str]
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0", "quantity_positive"),)


class ReturnedGoodsRow(Base):
    """What came back and, once inspected, what is done with it. `disposition` is `received` until then."""

    __tablename__ = "returned_goods"

    return_id: Mapped[str] = mapped_column(ForeignKey("returns.return_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    disposition: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0", "quantity_positive"),)
