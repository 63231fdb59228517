"""Hashes and signatures that prove that no order's log was changed."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import BY_PAGES, Base, Now


class EventSealRow(Base):
    """The hash of a fact, in the chain of its order. `position` counts from 1 within the order.

    It has no foreign key: a removed fact must be found missing, and must not take its seal with it.
    """

    __tablename__ = "event_seals"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    order_id: Mapped[str]
    position: Mapped[int]
    hash: Mapped[bytes]
    sealed_at: Mapped[Now]

    __table_args__ = (
        # Without the position: a value that comes again is stored once. One seals at a time, and no fact twice.
        Index("ix_event_seals_order", "order_id"),
        Index("ix_event_seals_sealed", "sealed_at", **BY_PAGES),
    )


class SealingRow(Base):
    """How far facts have been sealed; at most one row."""

    __tablename__ = "sealing"

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    event_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("one", "one_row"),)


class TraceLeafRow(Base):
    """The leaf of an order in the tree of a day (UTC): how many facts it had, and the hash of the last one."""

    __tablename__ = "trace_leaves"

    day: Mapped[date] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    hash: Mapped[bytes]


class TraceRootRow(Base):
    """The root of a day's tree and of the day before it, signed with Ed25519."""

    __tablename__ = "trace_roots"

    day: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    signed_at: Mapped[Now]
