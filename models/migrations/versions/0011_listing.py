"""Listings: stock alerts on crossings, and what channels know of our stock"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    op.add_column("products", sa.Column("low_at", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_products_low_at"), "products", "low_at >= 0")
    op.bulk_insert(
        sa.table(
            "parameters",
            sa.column("name", sa.Text()),
            sa.column("valid_from", WHEN),
            sa.column("value", postgresql.JSONB()),
            sa.column("source", sa.Text()),
            sa.column("set_by", sa.Text()),
        ),
        [
            {
                "name": "stock_low_at",
                "valid_from": ALWAYS,
                "value": 5,
                "source": "Baton's default: set your own",
                "set_by": "baton",
            }
        ],
    )
    op.create_table(
        "stock_touches",
        sa.Column("touch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("touch_id", name=op.f("pk_stock_touches")),
    )
    _make_alerts()
    _make_listings()


def _make_alerts() -> None:
    op.create_table(
        "stock_alerts",
        sa.Column("alert_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", WHEN, nullable=True),
        sa.CheckConstraint("kind IN ('stock.low', 'stock.out', 'stock.back')", name=op.f("ck_stock_alerts_kind")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_stock_alerts_sku")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_stock_alerts")),
    )
    op.create_index("ix_stock_alerts_sku", "stock_alerts", ["sku", "alert_id"], unique=False)
    still_open = sa.text("cleared_at IS NULL")
    op.create_index("uq_stock_alerts_open", "stock_alerts", ["sku", "kind"], unique=True, postgresql_where=still_open)


def _make_listings() -> None:
    op.create_table(
        "channel_listings",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("channel_sku", sa.Text(), nullable=False),
        sa.Column("share", sa.SmallInteger(), server_default=sa.text("100"), nullable=False),
        sa.Column("reserve", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("acknowledged_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("acknowledged_quantity", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", WHEN, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failed_since", WHEN, nullable=True),
        sa.Column("retry_at", WHEN, nullable=True),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name=op.f("ck_channel_listings_share")),
        sa.CheckConstraint("reserve >= 0", name=op.f("ck_channel_listings_reserve_not_negative")),
        sa.CheckConstraint("acknowledged_version <= version", name=op.f("ck_channel_listings_acknowledged_what_was")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_channel_listings_sku")),
        sa.PrimaryKeyConstraint("channel", "sku", name=op.f("pk_channel_listings")),
    )
    op.create_index("uq_channel_listings_channel_sku", "channel_listings", ["channel", "channel_sku"], unique=True)
    op.create_index("ix_channel_listings_sku", "channel_listings", ["sku"], unique=False)
    behind, failed = sa.text("enabled AND version > acknowledged_version"), sa.text("failed_since IS NOT NULL")
    for name, where in (("behind", behind), ("failed", failed)):
        op.create_index(
            f"ix_channel_listings_{name}", "channel_listings", ["channel", "sku"], unique=False, postgresql_where=where
        )
    op.create_table(
        "channel_pushes",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ran_at", WHEN, nullable=True),
        sa.Column("not_before", WHEN, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_pushes")),
    )
