"""Audit: dated parameters, blocked buyers, what products and buyers must tell, and what an audit looked at"""

from datetime import UTC, datetime, timedelta, timezone

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
FALSE = sa.text("false")
NOTHING = sa.text("'{}'")

CHINA = timezone(timedelta(hours=8))
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
RETAIL_IMPORT = datetime(2016, 4, 8, tzinfo=CHINA)
RAISED = datetime(2019, 1, 1, tzinfo=CHINA)
FIRST_LAW, LAW = "财关税〔2016〕18号", "财关税〔2018〕49号"
DEFAULT = "Baton's default: set your own"
POST = "Baton's default, after what may not be sent by post: set your own"

NEVER_SENT = {
    "hs_codes": ["3601", "3602", "3603", "3604", "9301", "9302", "9303", "9305", "9306", "2844", "050710"],
    "classes": [
        *("weapon", "explosive", "compressed_gas", "flammable", "oxidizer", "toxic", "biohazard", "radioactive"),
        *("corrosive", "drug", "illegal_publication", "counterfeit", "endangered_species", "no_entry"),
    ],
}
CARRIERS = {
    "SF Express": {
        "countries": ["CN", "HK", "MO", "TW"],
        "refused_provinces": [],
        "dangerous_goods": ["lithium_battery"],
    },
    "JD Logistics": {"countries": ["CN"], "refused_provinces": [], "dangerous_goods": ["lithium_battery"]},
    "DHL Express": {"countries": ["*"], "refused_provinces": [], "dangerous_goods": []},
}
PARAMETERS = (
    ("import_order_limit", RETAIL_IMPORT, {"amount": "2000.00", "currency": "CNY"}, FIRST_LAW),
    ("import_year_limit", RETAIL_IMPORT, {"amount": "20000.00", "currency": "CNY"}, FIRST_LAW),
    ("import_order_limit", RAISED, {"amount": "5000.00", "currency": "CNY"}, LAW),
    ("import_year_limit", RAISED, {"amount": "26000.00", "currency": "CNY"}, LAW),
    ("import_tax_percent", RETAIL_IMPORT, 70, FIRST_LAW),
    ("import_split_hours", ALWAYS, 24, DEFAULT),
    ("carriers", ALWAYS, CARRIERS, DEFAULT),
    ("prohibited", ALWAYS, {"*": NEVER_SENT}, POST),
    ("remote_areas", ALWAYS, ["三沙市", "墨脱县"], DEFAULT),
    ("buyer_velocity", ALWAYS, {"orders": 30, "hours": 24}, DEFAULT),
    ("ordinary_amount", ALWAYS, {"times": 20, "orders": 5}, DEFAULT),
)


def upgrade() -> None:
    parameters = op.create_table(
        "parameters",
        sa.Column("parameter_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_parameters_span")),
        sa.PrimaryKeyConstraint("parameter_id", name=op.f("pk_parameters")),
    )
    op.create_index("ix_parameters_name", "parameters", ["name", "valid_from"], unique=False)
    op.bulk_insert(
        parameters,
        [
            {"name": name, "valid_from": since, "value": value, "source": source, "set_by": "baton"}
            for name, since, value, source in PARAMETERS
        ],
    )
    op.create_table(
        "buyer_blocks",
        sa.Column("block_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_id", name=op.f("pk_buyer_blocks")),
    )
    op.create_index("ix_buyer_blocks_subject", "buyer_blocks", ["subject"], unique=False)
    _add_to_products()
    _add_to_orders()
    op.add_column(
        "audits", sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=NOTHING, nullable=False)
    )
    op.add_column("audits", sa.Column("parameters", sa.Text(), server_default=EMPTY, nullable=False))


def _add_to_products() -> None:
    for name in ("hs_code", "dangerous_goods_class", "goods_class"):
        op.add_column("products", sa.Column(name, sa.Text(), server_default=EMPTY, nullable=False))
    for name in ("cross_border", "bundle_part_only", "positive_listed"):
        op.add_column("products", sa.Column(name, sa.Boolean(), server_default=FALSE, nullable=False))
    for name in ("max_per_order", "vat", "consumption_tax"):
        op.add_column("products", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("products", sa.Column("channels", sa.ARRAY(sa.Text()), nullable=True))
    op.create_check_constraint(op.f("ck_products_max_per_order_positive"), "products", "max_per_order > 0")
    op.create_check_constraint(op.f("ck_products_vat"), "products", "vat BETWEEN 0 AND 10000")
    op.create_check_constraint(op.f("ck_products_consumption_tax"), "products", "consumption_tax BETWEEN 0 AND 9999")


def _add_to_orders() -> None:
    op.add_column(
        "orders",
        sa.Column("repaired_region", postgresql.JSONB(astext_type=sa.Text()), server_default=NOTHING, nullable=False),
    )
    for name in ("buyer_token", "buyer_last4", "buyer_name"):
        op.add_column("orders", sa.Column(name, sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("orders", sa.Column("import_minor", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("import_claimed", sa.Boolean(), server_default=FALSE, nullable=False))
    op.create_index("ix_orders_customer_placed", "orders", ["customer_id", "placed_at"], unique=False)
    op.create_index(
        "ix_orders_imports",
        "orders",
        ["buyer_token", "placed_at"],
        unique=False,
        postgresql_where=sa.text("import_minor IS NOT NULL"),
    )
