"""Deadlines: what was promised, what is due next, alerts before it is missed; claims on carriers and new addresses"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

EMPTY, NOW = sa.text("''"), sa.text("now()")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
DEFAULT = "Baton's default: set your own"
WEEKDAYS = {"time_zone": "Asia/Shanghai", "cut_off": "16:00", "working_days": [1, 2, 3, 4, 5], "country": "CN"}
# Platforms in China count every hour: 48 of them unless the listing promises less.
PLATFORMS = ("tmall", "taobao", "jd", "douyin", "wechat")
PARAMETERS = (
    (
        "ship_hours",
        {"*": {"standard": 48, "express": 24, "same-day": 12}, **{name: {"standard": 48} for name in PLATFORMS}},
    ),
    ("ship_calendars", {"*": {**WEEKDAYS, "closed": []}, **dict.fromkeys(PLATFORMS)}),
    ("delivery_days", {"*": {"standard": 15, "express": 5}, "CN": {"standard": 5, "express": 3, "same-day": 1}}),
    ("deadline_margin", {"percent": 25, "hours": 2}),
    ("parcel_attempts", 3),
    ("parcel_silent_days", 5),
    ("parcel_lost", {"*": "ask"}),
    ("parcel_refused", {"*": "ask"}),
    ("signature_above", {"amount": "3000.00", "currency": "CNY"}),
)


def upgrade() -> None:
    names = ("promised_ship_by", "promised_deliver_by", "warn_ship_at", "warn_deliver_at", "due_at", "warn_at")
    for name in (*names, "accepted_at"):
        op.add_column("orders", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("due", sa.Text(), server_default=EMPTY, nullable=False))
    op.create_index("ix_orders_to_warn", "orders", ["warn_at"], postgresql_where=sa.text("warn_at IS NOT NULL"))
    for name in ("promised_ship_by", "promised_deliver_by"):
        op.create_index(f"ix_orders_{name}", "orders", [name], postgresql_using="brin")
    op.create_index("ix_fulfillment_orders_packed_at", "fulfillment_orders", ["packed_at"], postgresql_using="brin")
    _create_deadline_alerts()
    _create_carrier_claims()
    _create_address_corrections()
    parameters = sa.table(
        "parameters",
        sa.column("name"),
        sa.column("valid_from", sa.DateTime(timezone=True)),
        sa.column("value", postgresql.JSONB()),
        sa.column("source"),
        sa.column("set_by"),
    )
    op.bulk_insert(
        parameters,
        [
            {"name": name, "valid_from": ALWAYS, "value": value, "source": DEFAULT, "set_by": "baton"}
            for name, value in PARAMETERS
        ],
    )


def _create_deadline_alerts() -> None:
    op.create_table(
        "deadline_alerts",
        sa.Column("alert_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("escalate_to", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("escalates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_deadline_alerts_order_id_orders")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_deadline_alerts")),
    )
    still = sa.text("cleared_at IS NULL")
    op.create_index("uq_deadline_alerts_open", "deadline_alerts", ["order_id"], unique=True, postgresql_where=still)
    op.create_index("ix_deadline_alerts_at_risk", "deadline_alerts", ["due_at", "order_id"], postgresql_where=still)
    waiting = sa.text("cleared_at IS NULL AND escalates_at IS NOT NULL")
    op.create_index("ix_deadline_alerts_to_escalate", "deadline_alerts", ["escalates_at"], postgresql_where=waiting)


def _create_carrier_claims() -> None:
    op.create_table(
        "carrier_claims",
        sa.Column("claim_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("remedy", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("decided_by", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('lost', 'damaged', 'silent')", name=op.f("ck_carrier_claims_kind")),
        sa.CheckConstraint("status IN ('open', 'paid', 'refused', 'withdrawn')", name=op.f("ck_carrier_claims_status")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_carrier_claims_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_orders.fulfillment_order_id"],
            name=op.f("fk_carrier_claims_fulfillment_order_id_fulfillment_orders"),
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.shipment_id"], name=op.f("fk_carrier_claims_shipment_id_shipments")
        ),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_carrier_claims")),
        sa.UniqueConstraint("fulfillment_order_id", name=op.f("uq_carrier_claims_fulfillment_order_id")),
    )
    op.create_index("ix_carrier_claims_status", "carrier_claims", ["status", "claim_id"])
    op.create_index("ix_carrier_claims_order", "carrier_claims", ["order_id"])


def _create_address_corrections() -> None:
    op.create_table(
        "address_corrections",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answer", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("reason", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_address_corrections_order_id_orders")),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_address_corrections")),
    )
    op.create_index("ix_address_corrections_order", "address_corrections", ["order_id"])
