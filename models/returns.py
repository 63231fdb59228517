"""Return cases: what was requested, what was received, and what was done."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.returns.kinds import RefundTo, ReturnKind
from domain.status import ReturnStatus
from models.base import Base, Now, When

CASE_TAGGED = literal_column("returns.tags <> '[]'", Boolean)
KINDS = ", ".join(f"'{kind}'" for kind in ReturnKind)


class ReturnRow(Base):
    """One case. Receipt, inspection and refund are three facts with their own times, in any order.

    Its amounts are fixed before money moves: `value_minor` was paid for its units (or is the goodwill), `fees` are kept
    of that, by name, `refund_minor` goes back as `refund_to` says, and `moved_minor` pays for the follow-up order
    instead. `out_minor` is the price of what an exchange sends, if somebody named it, and `given_minor` of that is not
    asked for.
    """

    __tablename__ = "returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    case_id: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=ReturnKind.RETURN_AND_REFUND)
    status: Mapped[str] = mapped_column(server_default=ReturnStatus.REQUESTED)
    reason: Mapped[str]
    reason_code: Mapped[str] = mapped_column(server_default="")
    """One of staff's list, or empty."""
    evidence: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """References to photos and papers, which are stored elsewhere."""
    decided_by: Mapped[str | None]
    refusal: Mapped[str | None]
    """Why it was rejected, for people."""
    location_id: Mapped[str | None]
    goods: Mapped[str | None]
    """Where the goods were when the case began: recalled, intercepted or delivered."""
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    """The goodwill that a claim asks for."""
    value_minor: Mapped[int | None] = mapped_column(BigInteger)
    fees: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    paid_ahead: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if it was refunded at its approval, before goods were received."""
    refund_minor: Mapped[int | None] = mapped_column(BigInteger)
    refund_to: Mapped[str] = mapped_column(server_default=RefundTo.ORIGINAL)
    remedy: Mapped[str] = mapped_column(server_default="")
    """The remedy that a person chose for a warranty case, or empty."""
    points_spent: Mapped[int] = mapped_column(server_default="0")
    """Number of spent points that the fee `points_spent` pays for."""
    moved_minor: Mapped[int | None] = mapped_column(BigInteger)
    out_minor: Mapped[int | None] = mapped_column(BigInteger)
    given_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    moved_at: Mapped[When]
    follow_up_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    """The order that sends other goods, or the same again."""
    carrier: Mapped[str | None]
    waybill: Mapped[str | None]
    tracking: Mapped[str | None]
    attention: Mapped[str | None]
    attention_code: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    assignee: Mapped[str | None]
    """The name of the key that has taken it, or null."""
    requested_at: Mapped[Now]
    received_at: Mapped[When]
    inspected_at: Mapped[When]
    refunded_at: Mapped[When]
    closed_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("order_id", "case_id"),
        CheckConstraint(f"kind IN ({KINDS})", "kind"),
        CheckConstraint("refund_to IN ('original', 'store_credit')", "refund_to"),
        CheckConstraint("remedy IN ('', 'refund', 'exchange', 'reship')", "remedy"),
        CheckConstraint("points_spent >= 0", "points_not_negative"),
        Index("ix_returns_status", "status", "return_id"),
        Index("ix_returns_attention", "attention_code", "return_id"),
        Index("ix_returns_assignee", "assignee", "return_id", postgresql_where=text("assignee IS NOT NULL")),
        Index(
            "ix_returns_tags",
            "tags",
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
            postgresql_where=CASE_TAGGED,
        ),
    )


class ReturnLineRow(Base):
    """The units of an order line in a case, and the SKU that is sent instead (empty: the same again), each for its
    price (null: what was paid for the line)."""

    __tablename__ = "return_lines"

    return_id: Mapped[str] = mapped_column(ForeignKey("returns.return_id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sku: Mapped[str]
    quantity: Mapped[int]
    replacement_sku: Mapped[str] = mapped_column(server_default="")
    replacement_price_minor: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("quantity > 0", "quantity_positive"),)


class ReturnedGoodsRow(Base):
    """Returned units and their disposition, which is `received` until the inspection.

    `photos` are references; the pictures are stored elsewhere.
    """

    __tablename__ = "returned_goods"

    return_id: Mapped[str] = mapped_column(ForeignKey("returns.return_id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    disposition: Mapped[str] = mapped_column(primary_key=True)
    grade: Mapped[str] = mapped_column(primary_key=True, server_default="")
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0", "quantity_positive"),)


class ReturnReasonRow(Base):
    """A reason for returns, defined by staff: whose fault it is, and whether evidence is required."""

    __tablename__ = "return_reasons"

    code: Mapped[str] = mapped_column(primary_key=True)
    meaning: Mapped[str]
    fault: Mapped[str]
    needs_evidence: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    set_by: Mapped[str]
    set_at: Mapped[Now]

    __table_args__ = (CheckConstraint("fault IN ('customer', 'shop', 'carrier')", "fault"),)
