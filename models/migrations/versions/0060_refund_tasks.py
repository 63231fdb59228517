"""Refunds that a person pays at a channel are tasks until it is said that they were paid"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now, empty = sa.func.now(), sa.text("''")
    op.create_table(
        "refund_tasks",
        sa.Column("task_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), server_default=empty, nullable=False),
        sa.Column("reference", sa.Text(), server_default=empty, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_tasks_amount_positive")),
        sa.CheckConstraint("(done_at IS NULL) = (done_by = '')", name=op.f("ck_refund_tasks_done_by_somebody")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_refund_tasks_order_id_orders")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_refund_tasks")),
        sa.UniqueConstraint("key", name=op.f("uq_refund_tasks_key")),
    )
    op.create_index("ix_refund_tasks_order", "refund_tasks", ["order_id"])
    still, coming = sa.text("done_at IS NULL"), sa.text("remind_at IS NOT NULL")
    op.create_index("ix_refund_tasks_open", "refund_tasks", ["task_id"], postgresql_where=still)
    op.create_index("ix_refund_tasks_remind", "refund_tasks", ["remind_at"], postgresql_where=coming)
