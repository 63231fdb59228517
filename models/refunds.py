"""Refunds that a person must pay at a channel: Baton knows of each until somebody says that it was paid."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, Timestamp, When


class RefundTaskRow(Base):
    """One refund to pay by hand. `key` is that of the refund, whose money is an AskedRefundRow while the task is open.

    `why` is `terms` (a person pays back by the terms of payment), `no_adapter` (the channel's account has no calls for
    refunds) or the code by which the channel refused. `reference` is how the channel knows what was paid, and `done_by`
    who said so: a person, or the channel itself."""

    __tablename__ = "refund_tasks"

    task_id: Mapped[Serial]
    key: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    return_id: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    why: Mapped[str]
    opened_at: Mapped[Now]
    due_at: Mapped[Timestamp]
    remind_at: Mapped[When]
    reminders: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[When]
    done_by: Mapped[str] = mapped_column(server_default="")
    reference: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint("amount_minor > 0", "amount_positive"),
        CheckConstraint("(done_at IS NULL) = (done_by = '')", "done_by_somebody"),
        Index("ix_refund_tasks_order", "order_id"),
        Index("ix_refund_tasks_open", "task_id", postgresql_where=text("done_at IS NULL")),
        Index("ix_refund_tasks_remind", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
    )
