"""Rules of staff in versions, the version that judged an order, instructions and gifts that rules leave with it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("rule_set_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("made_from", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("status IN ('draft', 'tried', 'active', 'retired')", name=op.f("ck_rule_sets_status")),
        sa.ForeignKeyConstraint(["made_from"], ["rule_sets.rule_set_id"], name=op.f("fk_rule_sets_made_from")),
        sa.PrimaryKeyConstraint("rule_set_id", name=op.f("pk_rule_sets")),
    )
    op.create_index(
        "uq_rule_sets_active", "rule_sets", ["status"], unique=True, postgresql_where=sa.text("status = 'active'")
    )
    op.create_table(
        "rules",
        sa.Column("rule_set_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("action", JSONB, nullable=False),
        sa.Column("scope", JSONB, nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_sets.rule_set_id"], name=op.f("fk_rules_rule_set_id")),
        sa.PrimaryKeyConstraint("rule_set_id", "position", name=op.f("pk_rules")),
        sa.UniqueConstraint("rule_set_id", "name", name=op.f("uq_rules_rule_set_id_name")),
    )
    op.create_table(
        "rule_set_log",
        sa.Column("log_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_sets.rule_set_id"], name=op.f("fk_rule_set_log_rule_set_id")),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_rule_set_log")),
    )
    op.create_index("ix_rule_set_log_rule_set", "rule_set_log", ["rule_set_id", "log_id"], unique=False)
    op.create_table(
        "rule_trials",
        sa.Column("trial_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("result", JSONB, nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_sets.rule_set_id"], name=op.f("fk_rule_trials_rule_set_id")),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_rule_trials")),
    )
    op.create_index("ix_rule_trials_rule_set", "rule_trials", ["rule_set_id", "trial_id"], unique=False)
    op.add_column("audits", sa.Column("rule_set_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_audits_rule_set_id"), "audits", "rule_sets", ["rule_set_id"], ["rule_set_id"])
    # Defaults are constants, so no table is written anew.
    op.add_column("orders", sa.Column("instructions", JSONB, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("order_lines", sa.Column("added_by", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index(
        "uq_order_lines_added_by",
        "order_lines",
        ["order_id", "added_by"],
        unique=True,
        postgresql_where=sa.text("added_by <> ''"),
    )
