"""Settlement files are taken once, and each of their amounts is compared with what was sold"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

KINDS = "'sale', 'refund', 'fee', 'reserve', 'transfer', 'dispute', 'other', 'broken'"


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def when(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "settlements",
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        text("channel"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'reading'"), nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("broken", sa.Integer(), server_default="0", nullable=False),
        text("compared"),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        when("done_at"),
        sa.CheckConstraint("state IN ('reading', 'comparing', 'done')", name=op.f("ck_settlements_state")),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_settlements")),
    )
    op.create_table(
        "settled_amounts",
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        text("fee"),
        sa.Column("order_id", sa.Text(), nullable=True),
        text("order_name"),
        text("payment"),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        text("currency"),
        sa.Column("payout_minor", sa.BigInteger(), nullable=True),
        text("payout_currency"),
        sa.Column("rate", sa.Numeric(), nullable=True),
        when("at"),
        text("reference"),
        text("problem"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_settled_amounts_kind")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_settled_amounts_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlements.settlement_id"], name=op.f("fk_settled_amounts_settlement_id_settlements")
        ),
        sa.PrimaryKeyConstraint("settlement_id", "row_no", "part", name=op.f("pk_settled_amounts")),
    )
    known, unknown = sa.text("order_id IS NOT NULL"), sa.text("order_id IS NULL")
    op.create_index("ix_settled_amounts_order", "settled_amounts", ["order_id"], postgresql_where=known)
    op.create_index(
        "ix_settled_amounts_unknown", "settled_amounts", ["settlement_id", "order_name"], postgresql_where=unknown
    )
