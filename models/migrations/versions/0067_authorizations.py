"""What the gateway has reserved for orders is known, and what is captured of it for which parcel"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "authorizations",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("capture", sa.Text(), nullable=False),
        sa.Column("expires_at", WHEN, nullable=True),
        sa.Column("renew_at", WHEN, nullable=True),
        sa.Column("renewals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("noted_at", WHEN, server_default=sa.func.now(), nullable=False),
        sa.Column("closed_at", WHEN, nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_authorizations_amount_not_negative")),
        sa.CheckConstraint("capture IN ('shipment', 'order')", name=op.f("ck_authorizations_capture")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_authorizations_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_authorizations")),
    )
    renewed = sa.text("renew_at IS NOT NULL")
    op.create_index("ix_authorizations_to_renew", "authorizations", ["renew_at"], postgresql_where=renewed)
    op.create_table(
        "captures",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Text(), nullable=True),
        sa.Column("units", postgresql.JSONB(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("asked_minor", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("asked_at", WHEN, server_default=sa.func.now(), nullable=False),
        sa.Column("answered_at", WHEN, nullable=True),
        sa.CheckConstraint("asked_minor BETWEEN 0 AND value_minor", name=op.f("ck_captures_asked_within_value")),
        sa.CheckConstraint("state IN ('asked', 'captured', 'refused')", name=op.f("ck_captures_state")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["authorizations.order_id"], name=op.f("fk_captures_order_id_authorizations")
        ),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_orders.fulfillment_order_id"],
            name=op.f("fk_captures_fulfillment_order_id_fulfillment_orders"),
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_captures")),
    )
    op.create_index("ix_captures_order", "captures", ["order_id"])
    op.create_index("ix_captures_fulfillment_order", "captures", ["fulfillment_order_id"])
