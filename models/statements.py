"""Differences between statements of partners and the record, and the progress of comparisons."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.statements import Kind
from models.base import Base, Now, Serial, When

IS_OPEN = text("gone_at IS NULL")
KINDS = ", ".join(f"'{kind}'" for kind in Kind)


class PartnerDifferenceRow(Base):
    """A difference between a partner's book and the record: one open row for each partner, book, kind and subject.
    `ours` and `theirs` are for people; neither names anybody.

    `mends` counts automatic repairs: a message sent again, a carrier asked, a person called.
    """

    __tablename__ = "partner_differences"

    difference_id: Mapped[Serial]
    partner: Mapped[str]
    book: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    ours: Mapped[str]
    theirs: Mapped[str]
    first_seen_at: Mapped[Now]
    last_seen_at: Mapped[Now]
    mends: Mapped[int] = mapped_column(server_default="0")
    mended_at: Mapped[When]
    gone_at: Mapped[When]

    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", "kind"),
        Index(
            "uq_partner_differences_open",
            *("partner", "book", "subject", "kind"),
            unique=True,
            postgresql_where=IS_OPEN,
        ),
        Index("ix_partner_differences_open", "difference_id", postgresql_where=IS_OPEN),
    )


class StatementEntryRow(Base):
    """A subject that the current comparison has already seen: listed by the partner, or asked for by id.

    Unlogged: a crash empties it. The subjects are then asked for by id, so none is reported missing by mistake.
    """

    __tablename__ = "statement_entries"

    partner: Mapped[str] = mapped_column(primary_key=True)
    book: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012  SQLAlchemy reads it as a class attribute.
