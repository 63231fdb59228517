"""Customers' pages: what is known of their links, and the photos that customers send."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, When


class TrackLinkRow(Base):
    """The links of one order; it has a row once links were revoked or a wrong proof was typed. No token is kept.

    Links of a lower `generation` are revoked. `wrong` counts wrong proofs since `wrong_since`, `wrong_in_all` those of
    this generation.
    """

    __tablename__ = "track_links"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    generation: Mapped[int] = mapped_column(server_default="0")
    revoked_by: Mapped[str] = mapped_column(server_default="")
    revoked_at: Mapped[When]
    wrong: Mapped[int] = mapped_column(server_default="0")
    wrong_since: Mapped[When]
    wrong_in_all: Mapped[int] = mapped_column(server_default="0")


class PhotoRow(Base):
    """A photo for a return case; the file is in the store of photos under `photo_id`.

    `case_id` is empty until a case names it. An `erased_at` file is removed by the relay, and then its row.
    """

    __tablename__ = "photos"

    photo_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    case_id: Mapped[str] = mapped_column(server_default="")
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Now]
    erased_at: Mapped[When]

    __table_args__ = (
        CheckConstraint("size > 0", "size"),
        Index("ix_photos_order", "order_id"),
        # What the relay has to remove: few, however many photos there are.
        Index("ix_photos_to_remove", "at", postgresql_where=text("case_id = '' OR erased_at IS NOT NULL")),
    )
