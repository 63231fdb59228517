"""Settlement files of platforms and payment services, and every amount in them."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.settlements import RowKind
from models.base import Base, Now, When

STATES = "'reading', 'comparing', 'done'"
KINDS = ", ".join(f"'{kind}'" for kind in RowKind)


class SettlementRow(Base):
    """One file, known by the hash of its content, of which its id is made. `rows` of it were taken, of which
    `broken` could not be read.

    `state` is reading, comparing or done; a file that was interrupted goes on when it is sent again."""

    __tablename__ = "settlements"

    settlement_id: Mapped[str] = mapped_column(primary_key=True)
    format: Mapped[str]
    channel: Mapped[str] = mapped_column(server_default="")
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="reading")
    rows: Mapped[int] = mapped_column(server_default="0")
    broken: Mapped[int] = mapped_column(server_default="0")
    compared: Mapped[str] = mapped_column(server_default="")
    """The last order that was compared."""
    received_at: Mapped[Now]
    done_at: Mapped[When]

    __table_args__ = (CheckConstraint(f"state IN ({STATES})", "state"),)


class SettledAmountRow(Base):
    """One amount of a file: `part` numbers those of one row. A broken row has a `problem` and no amount.

    `order_name` and `payment` are how the file names the order, `order_id` is ours, null where we know none."""

    __tablename__ = "settled_amounts"

    settlement_id: Mapped[str] = mapped_column(ForeignKey("settlements.settlement_id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    fee: Mapped[str] = mapped_column(server_default="")
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"))
    order_name: Mapped[str] = mapped_column(server_default="")
    payment: Mapped[str] = mapped_column(server_default="")
    amount_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    currency: Mapped[str] = mapped_column(server_default="")
    payout_minor: Mapped[int | None] = mapped_column(BigInteger)
    payout_currency: Mapped[str] = mapped_column(server_default="")
    rate: Mapped[Decimal | None] = mapped_column(Numeric)
    at: Mapped[When]
    reference: Mapped[str] = mapped_column(server_default="")
    problem: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", "kind"),
        Index("ix_settled_amounts_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_settled_amounts_unknown", "settlement_id", "order_name", postgresql_where=text("order_id IS NULL")),
    )
