"""Purchase orders, receipts, counts of the warehouse, substitutes, and a queue of those who wait"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("now()")


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=NOW, nullable=False)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _key(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [of], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _purchases()
    _counts()
    op.add_column("order_lines", sa.Column("canceled", sa.Integer(), server_default="0", nullable=False))
    op.add_column("order_lines", sa.Column("substitute_for", sa.Text(), server_default="", nullable=False))
    op.add_column("backorders", sa.Column("wanted", sa.BigInteger(), nullable=True))
    op.execute("UPDATE backorders SET wanted = quantity")
    op.alter_column("backorders", "wanted", nullable=False)
    op.add_column("backorders", sa.Column("priority", sa.Integer(), server_default="100", nullable=False))
    op.add_column("backorders", sa.Column("splits", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("backorders", sa.Column("promised_on", sa.Date(), nullable=True))
    op.add_column("backorders", sa.Column("proposals", JSONB, server_default=sa.text("'[]'"), nullable=False))
    op.drop_index("ix_backorders_sku", "backorders")
    op.create_index("ix_backorders_queue", "backorders", ["sku", "priority", "since"])


def _purchases() -> None:
    op.create_table(
        "purchase_orders",
        _text("purchase_order_id"),
        _text("location_id", nullable=True),
        _text("status"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        _at("placed_at"),
        _at("changed_at"),
        sa.CheckConstraint("status IN ('open', 'received', 'canceled')", name=op.f("ck_purchase_orders_status")),
        _key("purchase_orders", "location_id", "locations.location_id"),
        sa.PrimaryKeyConstraint("purchase_order_id", name=op.f("pk_purchase_orders")),
    )
    op.create_table(
        "purchase_lines",
        _text("purchase_order_id"),
        _text("sku"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("received BETWEEN 0 AND quantity", name=op.f("ck_purchase_lines_received_within_quantity")),
        _key("purchase_lines", "purchase_order_id", "purchase_orders.purchase_order_id"),
        _key("purchase_lines", "sku", "products.sku"),
        sa.PrimaryKeyConstraint("purchase_order_id", "sku", "due_on", name=op.f("pk_purchase_lines")),
    )
    op.create_index("ix_purchase_lines_sku", "purchase_lines", ["sku", "due_on"])
    op.create_table(
        "goods_receipts",
        _text("receipt_id"),
        _text("sku"),
        _text("purchase_order_id", nullable=True),
        _text("location_id"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("damaged", sa.Integer(), nullable=False),
        _at("received_at"),
        sa.CheckConstraint("damaged BETWEEN 0 AND quantity", name=op.f("ck_goods_receipts_damaged_within_quantity")),
        _key("goods_receipts", "sku", "products.sku"),
        _key("goods_receipts", "location_id", "locations.location_id"),
        sa.PrimaryKeyConstraint("receipt_id", "sku", name=op.f("pk_goods_receipts")),
    )
    op.create_index("ix_goods_receipts_purchase_order", "goods_receipts", ["purchase_order_id"])


def _counts() -> None:
    op.create_table(
        "stock_exceptions",
        sa.Column("exception_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(_text(name) for name in ("partner", "event_id", "code", "detail")),
        _at("raised_at"),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("exception_id", name=op.f("pk_stock_exceptions")),
        sa.UniqueConstraint("partner", "event_id", "code", name=op.f("uq_stock_exceptions_partner_event_id_code")),
    )
    op.create_index(
        "ix_stock_exceptions_open",
        "stock_exceptions",
        ["exception_id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "warehouse_counts",
        *(_text(name) for name in ("count_id", "kind", "location_id")),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        _at("counted_at"),
        sa.CheckConstraint("kind IN ('snapshot', 'delta')", name=op.f("ck_warehouse_counts_kind")),
        _key("warehouse_counts", "location_id", "locations.location_id"),
        sa.PrimaryKeyConstraint("count_id", "kind", name=op.f("pk_warehouse_counts")),
    )
    op.create_index("ix_warehouse_counts_location", "warehouse_counts", ["location_id", "kind", "taken_at"])
    op.create_table(
        "stock_differences",
        sa.Column("difference_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(_text(name) for name in ("count_id", "kind", "sku", "location_id")),
        sa.Column("difference", sa.Integer(), nullable=False),
        sa.Column("adjusted", sa.Integer(), nullable=False),
        _text("reason"),
        sa.Column("alert", sa.Boolean(), nullable=False),
        _at("at"),
        _key("stock_differences", "sku", "products.sku"),
        _key("stock_differences", "location_id", "locations.location_id"),
        sa.PrimaryKeyConstraint("difference_id", name=op.f("pk_stock_differences")),
        sa.UniqueConstraint("kind", "count_id", "sku", name=op.f("uq_stock_differences_kind_count_id_sku")),
    )
    op.create_index("ix_stock_differences_location", "stock_differences", ["location_id", "difference_id"])
