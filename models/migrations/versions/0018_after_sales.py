"""After-sales: kinds of cases and their terms, reasons, labels, fees, and follow-up orders"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CHINA = timezone(timedelta(hours=8))
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
SEVEN_DAYS = datetime(2014, 3, 15, tzinfo=CHINA)
CUSTOMS = datetime(2020, 3, 28, tzinfo=CHINA)
DEFAULT = "Baton's default: set your own"
EMPTY, NONE = sa.text("''"), sa.text("'{}'")

KINDS = (
    "'return_and_refund', 'refund_only', 'exchange', 'reship', 'claim', 'refused_parcel', 'store_return', 'warranty'"
)
MOVEMENTS = "'authorized', 'captured', 'refunded', 'voided', 'failed', 'moved'"

LARGE = {"CNY": "5000.00", "EUR": "600.00", "GBP": "500.00", "USD": "700.00"}
SMALL = {"CNY": "50.00", "EUR": "6.00", "GBP": "5.00", "USD": "7.00"}
TERMS = {
    "refund": "after_inspection",
    "automatic": {
        **dict.fromkeys(("return_and_refund", "exchange", "refused_parcel", "store_return"), LARGE),
        **dict.fromkeys(("refund_only", "reship", "claim"), SMALL),
    },
    "when_silent": "wait",
    "restocking_percent": 0,
    "freight": {},
}
PARAMETERS = (
    ("return_windows", SEVEN_DAYS, {"*": {"*": {"days": 7}}}, "消费者权益保护法 第25条"),
    ("return_terms", ALWAYS, {"*": TERMS}, DEFAULT),
    ("customs_return", CUSTOMS, {"apply_days": 30, "back_days": 45}, "海关总署公告2020年第45号"),
)
REASONS = (
    ("changed_mind", "The customer no longer wants it", "customer", False),
    ("does_not_fit", "It does not fit", "customer", False),
    ("damaged", "It arrived damaged", "carrier", True),
    ("faulty", "It does not work", "shop", False),
    ("wrong_item", "Something else was sent", "shop", True),
    ("missing", "It was not in the parcel", "shop", False),
    ("late", "It came too late", "carrier", False),
)


def upgrade() -> None:
    _add_to_returns()
    op.add_column("returned_goods", sa.Column("grade", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("returned_goods", sa.Column("photos", sa.ARRAY(sa.Text()), server_default=NONE, nullable=False))
    op.drop_constraint(op.f("pk_returned_goods"), "returned_goods")
    op.create_primary_key(op.f("pk_returned_goods"), "returned_goods", ["return_id", "sku", "disposition", "grade"])
    op.add_column("return_lines", sa.Column("replacement_sku", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("orders", sa.Column("follow_up_of", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("products", sa.Column("return_exclusion", sa.Text(), server_default=EMPTY, nullable=False))
    op.drop_constraint(op.f("ck_money_movements_kind"), "money_movements")
    op.create_check_constraint(op.f("ck_money_movements_kind"), "money_movements", f"kind IN ({MOVEMENTS})")
    _add_reasons()
    parameters = sa.table(
        "parameters",
        sa.column("name"),
        sa.column("source"),
        sa.column("set_by"),
        sa.column("valid_from", sa.DateTime(timezone=True)),
        sa.column("value", postgresql.JSONB()),
    )
    op.bulk_insert(
        parameters,
        [
            {"name": name, "valid_from": since, "value": value, "source": source, "set_by": "baton"}
            for name, since, value, source in PARAMETERS
        ],
    )


def _add_to_returns() -> None:
    added: tuple[sa.Column[Any], ...] = (
        sa.Column("kind", sa.Text(), server_default="return_and_refund", nullable=False),
        sa.Column("reason_code", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("evidence", sa.ARRAY(sa.Text()), server_default=NONE, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.Column("fees", postgresql.JSONB(astext_type=sa.Text()), server_default=NONE, nullable=False),
        sa.Column("paid_ahead", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("moved_minor", sa.BigInteger(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_id", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("waybill", sa.Text(), nullable=True),
        sa.Column("tracking", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("attention_code", sa.Text(), nullable=True),
    )
    for column in added:
        op.add_column("returns", column)
    op.execute("UPDATE returns SET value_minor = refund_minor")
    op.create_check_constraint(op.f("ck_returns_kind"), "returns", f"kind IN ({KINDS})")
    op.create_foreign_key(op.f("fk_returns_follow_up_id_orders"), "returns", "orders", ["follow_up_id"], ["order_id"])
    op.create_index("ix_returns_attention", "returns", ["attention_code", "return_id"])


def _add_reasons() -> None:
    reasons = op.create_table(
        "return_reasons",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("needs_evidence", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("fault IN ('customer', 'shop', 'carrier')", name=op.f("ck_return_reasons_fault")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_return_reasons")),
    )
    op.bulk_insert(
        reasons,
        [
            {"code": code, "meaning": text, "fault": fault, "needs_evidence": evidence, "set_by": "baton"}
            for code, text, fault, evidence in REASONS
        ],
    )
