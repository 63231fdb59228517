"""Exports are kept, and written on a schedule"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("export_id", "name", "list")),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("format", "cron", "zone")),
        sa.Column("target", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key_id", "created_by")),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("scheduled_at", "run_asked_at", "deleted_at")
        ),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_exports_format")),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_exports")),
        sa.UniqueConstraint("name", name=op.f("uq_exports_name")),
    )
    changed = sa.text("scheduled_at IS NULL OR run_asked_at IS NOT NULL")
    op.create_index("ix_exports_changed", "exports", ["export_id"], postgresql_where=changed)
    op.create_table(
        "export_runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("export_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_export_runs_state")),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.export_id"], ondelete="CASCADE", name=op.f("fk_export_runs_export_id_exports")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_export_runs")),
        sa.UniqueConstraint("export_id", "due_at", name=op.f("uq_export_runs_export_id_due_at")),
    )
