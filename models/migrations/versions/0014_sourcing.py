"""Sourcing: decisions with what they were made on, lead times that were learned, weights, policies, bonded locations"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ALWAYS, DEFAULT = datetime(2000, 1, 1, tzinfo=UTC), "Baton's default: set your own"
NOW = sa.text("now()")
WEIGHTS = {
    "currency": "CNY",
    "percent": {"freight": 100, "split": 100, "lead_time": 100, "late": 100, "load": 100, "processing": 100},
    "split": 500,
    "hour": 8,
    "late_hour": 40,
    "load": 300,
    "promise_hours": 72,
    "caution": 1.0,
    "processing": {
        "warehouse": {"order": 150, "unit": 20},
        "store": {"order": 400, "unit": 60},
        "supplier": {"order": 300, "unit": 0},
    },
    "exact_above": 300,
    "exact_milliseconds": 50,
    "reconsider_above": 500,
}
POLICIES = {"*": ["balanced"]}


def upgrade() -> None:
    _create_decisions()
    _create_lead_times()
    op.add_column("locations", sa.Column("bonded", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # Goods that customs must clear have been sent from where they lie; that stays allowed.
    op.execute("""
        UPDATE locations SET bonded = true
        WHERE location_id IN (SELECT location_id FROM stock JOIN products USING (sku) WHERE cross_border)
    """)
    op.create_index("ix_fulfillment_orders_opened", "fulfillment_orders", ["location_id", "created_at"])
    _set_parameters()


def _create_decisions() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "sourcing_decisions",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("solved", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        *(sa.Column(name, json, nullable=False) for name in ("assignments", "scores", "excluded", "inputs")),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("lead_times", sa.BigInteger(), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_sourcing_decisions_order_id")),
        sa.ForeignKeyConstraint(
            ["rule_set_id"], ["rule_sets.rule_set_id"], name=op.f("fk_sourcing_decisions_rule_set_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "round", name=op.f("pk_sourcing_decisions")),
    )
    op.create_index("ix_sourcing_decisions_at", "sourcing_decisions", ["at"])


def _create_lead_times() -> None:
    op.create_table(
        "lead_time_models",
        sa.Column("version", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_lead_time_models")),
    )
    op.create_table(
        "lead_times",
        sa.Column("version", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("location_id", "region", "carrier")),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("shipments", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("hours", "spread")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 7", name=op.f("ck_lead_times_weekday")),
        sa.ForeignKeyConstraint(
            ["version"], ["lead_time_models.version"], name=op.f("fk_lead_times_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "location_id", "region", "carrier", "weekday", name=op.f("pk_lead_times")),
    )


def _set_parameters() -> None:
    parameters = sa.table(
        "parameters",
        sa.column("name", sa.Text()),
        sa.column("valid_from", sa.DateTime(timezone=True)),
        sa.column("value", postgresql.JSONB(astext_type=sa.Text())),
        sa.column("source", sa.Text()),
        sa.column("set_by", sa.Text()),
    )
    op.bulk_insert(
        parameters,
        [
            {"name": name, "valid_from": ALWAYS, "value": value, "source": DEFAULT, "set_by": "baton"}
            for name, value in (("sourcing_weights", WEIGHTS), ("sourcing_policies", POLICIES))
        ],
    )
