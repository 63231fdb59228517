"""The log of every order is sealed: hashes in a chain an order, and a signed tree a day"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_seals",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_seals"),
    )
    op.create_index("uq_event_seals_order", "event_seals", ["order_id", "position"], unique=True)
    op.create_index("ix_event_seals_sealed", "event_seals", ["sealed_at"], postgresql_using="brin")
    op.create_table(
        "sealing",
        sa.Column("one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_sealing"),
        sa.CheckConstraint("one", name="ck_sealing_one_row"),
    )
    op.create_table(
        "trace_leaves",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "order_id", name="pk_trace_leaves"),
    )
    op.create_table(
        "trace_roots",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_trace_roots"),
    )
