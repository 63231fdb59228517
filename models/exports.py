"""Exports that are kept: a list with its filters, written somewhere on a schedule, and their runs."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now, Serial, Timestamp, When

CHANGED = text("scheduled_at IS NULL OR run_asked_at IS NOT NULL")


class ExportRow(Base):
    """It reads the list as the holder of `key_id` may. Secrets of the target are sealed.

    `scheduled_at` is null until Temporal's schedule is as this row says.
    """

    __tablename__ = "exports"

    export_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    list: Mapped[str]
    """Its path in the API, without the slash."""
    filter: Mapped[Json]
    format: Mapped[str]
    cron: Mapped[str]
    zone: Mapped[str]
    target: Mapped[Json]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    key_id: Mapped[str]
    created_by: Mapped[str]
    channel: Mapped[str | None]
    created_at: Mapped[Now]
    scheduled_at: Mapped[When]
    run_asked_at: Mapped[When]
    deleted_at: Mapped[When]
    """Set until its schedule is gone too; then the row goes."""

    __table_args__ = (
        CheckConstraint("format IN ('csv', 'xlsx')", name="format"),
        Index("ix_exports_changed", "export_id", postgresql_where=CHANGED),
    )


class ExportRunRow(Base):
    """One run, however often it was tried. `problem` is a code, with what failed at the last try.

    Two runs may be due in the same second, so that one is known by the id of its workflow's run.
    """

    __tablename__ = "export_runs"

    run_id: Mapped[Serial]
    export_id: Mapped[str] = mapped_column(ForeignKey(ExportRow.export_id, ondelete="CASCADE"))
    workflow_run: Mapped[str]
    due_at: Mapped[Timestamp]
    started_at: Mapped[Now]
    ended_at: Mapped[When]
    state: Mapped[str] = mapped_column(server_default="running")
    tries: Mapped[int] = mapped_column(server_default="0")
    file: Mapped[str]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        UniqueConstraint("export_id", "workflow_run"),
        CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    )
