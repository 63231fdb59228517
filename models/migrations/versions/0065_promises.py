"""Promises are given before the order, hold stock for a cart, and an order takes one"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "promises",
        sa.Column("promise_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("pickup_location", sa.Text(), nullable=False),
        sa.Column("units", JSONB, nullable=False),
        sa.Column("assignments", JSONB, nullable=False),
        sa.Column("answer", JSONB, nullable=False),
        sa.Column("ship_by", TIME, nullable=True),
        sa.Column("deliver_by", TIME, nullable=True),
        sa.Column("made_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("held_until", TIME, nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("bound_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_promises_order_id_orders")),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promises")),
    )
    op.create_index(
        "ix_promises_held", "promises", ["holder", "held_until"], postgresql_where=sa.text("held_until IS NOT NULL")
    )
    unbound = sa.text("order_id IS NULL")
    op.create_index("ix_promises_open", "promises", ["holder", "expires_at"], postgresql_where=unbound)
    op.create_index("ix_promises_expiry", "promises", ["expires_at"], postgresql_where=unbound)
    op.create_table(
        "promise_claims",
        sa.Column("promise_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_promise_claims_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["promises.promise_id"], name=op.f("fk_promise_claims_promise_id_promises")
        ),
        sa.ForeignKeyConstraint(
            ["sku", "location_id"],
            ["stock.sku", "stock.location_id"],
            name=op.f("fk_promise_claims_sku_location_id_stock"),
        ),
        sa.PrimaryKeyConstraint("promise_id", "sku", "location_id", name=op.f("pk_promise_claims")),
    )
    op.create_index("ix_promise_claims_stock", "promise_claims", ["sku", "location_id"])
    op.add_column("orders", sa.Column("promise_id", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("promise_state", sa.Text(), nullable=True))
