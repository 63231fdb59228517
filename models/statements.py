"""What partners list of what they know: where it differs from the record, and what a comparison has seen of it."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.statements import Kind
from models.base import Base, Now, Serial, When

IS_OPEN = text("gone_at IS NULL")
KINDS = ", ".join(f"'{kind}'" for kind in Kind)


class PartnerDifferenceRow(Base):
    """Something of which a partner and the record say different things, for as long as they do: one open row a partner,
    book, kind and subject. `ours` and `theirs` are for people; neither names anybody.

    `mends` counts what was done about it by itself: a message sent again, a carrier asked, a person called.
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
    """A subject that the comparison under way need not look for any more: listed by the partner, or asked for by id.

    Unlogged: what a crash empties is asked for by id, and nothing is taken for missing because of it.
    """

    __tablename__ = "statement_entries"

    partner: Mapped[str] = mapped_column(primary_key=True)
    book: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012  SQLAlchemy reads it as a class attribute.
