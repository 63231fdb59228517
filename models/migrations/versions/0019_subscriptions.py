"""Subscriptions: who wants to hear of orders, what was told to whom, and messages that are sent again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("now()")
IS_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _make_subscriptions()
    _make_deliveries()
    op.create_index("ix_order_events_at", "order_events", ["at"], unique=False, postgresql_using="brin")
    op.add_column("messages", sa.Column("redelivered_at", WHEN, nullable=True))
    parked = sa.text("parked_at IS NOT NULL")
    op.create_index("ix_messages_parked", "messages", ["recipient", "sequence"], unique=False, postgresql_where=parked)
    again = sa.text("redelivered_at IS NOT NULL AND sent_at IS NULL AND parked_at IS NULL")
    op.create_index("ix_messages_again", "messages", ["recipient", "sequence"], unique=False, postgresql_where=again)


def _make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", postgresql.JSONB(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("former_secret", sa.Text(), nullable=True),
        sa.Column("former_until", WHEN, nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_because", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", WHEN, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", WHEN, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscriptions")),
    )


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("due_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("tried_at", WHEN, nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("settled_at", WHEN, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'parked')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.subscription_id"],
            name=op.f("fk_deliveries_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("subscription_id", "message_id", name=op.f("uq_deliveries_subscription_id_message_id")),
    )
    indexes = (
        ("log", ["subscription_id", "delivery_id"], None),
        ("waiting", ["subscription_id", "event_id"], IS_WAITING),
        ("order", ["subscription_id", "order_id", "event_id"], IS_WAITING),
        ("parked", ["subscription_id"], sa.text("state = 'parked'")),
        ("settled", ["settled_at"], sa.text("state = 'delivered'")),
    )
    for name, columns, where in indexes:
        op.create_index(f"ix_deliveries_{name}", "deliveries", columns, unique=False, postgresql_where=where)
