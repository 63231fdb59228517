"""Bundles, substitutes, coordinates, what channels may see and sell, counts of stock, and indexes for long lists"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("locations", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("locations", sa.Column("longitude", sa.Float(), nullable=True))
    op.create_check_constraint(op.f("ck_locations_latitude"), "locations", "latitude BETWEEN -90 AND 90")
    op.create_check_constraint(op.f("ck_locations_longitude"), "locations", "longitude BETWEEN -180 AND 180")
    op.create_check_constraint(
        op.f("ck_locations_coordinates"), "locations", "(latitude IS NULL) = (longitude IS NULL)"
    )
    op.create_index("ix_stock_location", "stock", ["location_id", "sku"])
    # A list goes from the newest movement on, so each index ends in their order.
    op.create_index("ix_stock_movements_sku", "stock_movements", ["sku", "movement_id"])
    op.drop_index("ix_stock_movements_stock", "stock_movements")
    op.create_index("ix_stock_movements_location", "stock_movements", ["location_id", "movement_id"])
    op.create_index(
        "ix_stock_movements_kind",
        "stock_movements",
        ["kind", "movement_id"],
        postgresql_where=sa.text("kind IN ('received', 'returned', 'quarantined', 'adjusted')"),
    )
    _goods()
    _channels()
    op.create_table(
        "stock_counts",
        sa.Column("count_id", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        sa.Column("differences", JSONB, nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["locations.location_id"], name=op.f("fk_stock_counts_location_id")),
        sa.PrimaryKeyConstraint("count_id", name=op.f("pk_stock_counts")),
    )


def _goods() -> None:
    op.create_table(
        "product_parts",
        sa.Column("bundle_sku", sa.Text(), nullable=False),
        sa.Column("part_sku", sa.Text(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_to", MOMENT, nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_product_parts_quantity_positive")),
        sa.CheckConstraint("bundle_sku <> part_sku", name=op.f("ck_product_parts_not_itself")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_product_parts_begins_before_it_ends")),
        sa.ForeignKeyConstraint(["bundle_sku"], ["products.sku"], name=op.f("fk_product_parts_bundle_sku")),
        sa.ForeignKeyConstraint(["part_sku"], ["products.sku"], name=op.f("fk_product_parts_part_sku")),
        sa.PrimaryKeyConstraint("bundle_sku", "part_sku", "valid_from", name=op.f("pk_product_parts")),
    )
    op.create_index("ix_product_parts_part", "product_parts", ["part_sku"])
    op.create_index(
        "uq_product_parts_valid",
        "product_parts",
        ["bundle_sku", "part_sku"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "product_substitutes",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("substitute_sku", sa.Text(), nullable=False),
        sa.CheckConstraint("rank > 0", name=op.f("ck_product_substitutes_rank_positive")),
        sa.CheckConstraint("sku <> substitute_sku", name=op.f("ck_product_substitutes_not_itself")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_product_substitutes_sku")),
        sa.ForeignKeyConstraint(
            ["substitute_sku"], ["products.sku"], name=op.f("fk_product_substitutes_substitute_sku")
        ),
        sa.PrimaryKeyConstraint("sku", "rank", name=op.f("pk_product_substitutes")),
        sa.UniqueConstraint("sku", "substitute_sku", name=op.f("uq_product_substitutes_sku_substitute_sku")),
    )


def _channels() -> None:
    op.create_table(
        "channel_shares",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("share_percent", sa.SmallInteger(), server_default="100", nullable=False),
        sa.Column("reserve", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("share_percent BETWEEN 0 AND 100", name=op.f("ck_channel_shares_share_percent")),
        sa.CheckConstraint("reserve >= 0", name=op.f("ck_channel_shares_reserve_not_negative")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_channel_shares_sku")),
        sa.PrimaryKeyConstraint("channel", "sku", name=op.f("pk_channel_shares")),
    )
    op.create_table(
        "channel_quotas",
        sa.Column("quota_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_to", MOMENT, nullable=True),
        sa.CheckConstraint("claimed BETWEEN 0 AND quantity", name=op.f("ck_channel_quotas_never_exceeded")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_channel_quotas_begins_before_it_ends")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_channel_quotas_sku")),
        sa.PrimaryKeyConstraint("quota_id", name=op.f("pk_channel_quotas")),
        sa.UniqueConstraint("channel", "sku", "valid_from", name=op.f("uq_channel_quotas_channel_sku_valid_from")),
    )
    op.create_table(
        "quota_claims",
        sa.Column("quota_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_quota_claims_units_positive")),
        sa.ForeignKeyConstraint(
            ["quota_id"], ["channel_quotas.quota_id"], name=op.f("fk_quota_claims_quota_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_quota_claims_order_id")),
        sa.PrimaryKeyConstraint("quota_id", "order_id", name=op.f("pk_quota_claims")),
    )
    op.create_index("ix_quota_claims_order", "quota_claims", ["order_id"])
