"""The spine: orders, stock, fulfillment, money, returns, messages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "locations",
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="100", nullable=False),
        sa.CheckConstraint("kind IN ('warehouse', 'store', 'supplier', 'virtual')", name=op.f("ck_locations_kind")),
        sa.PrimaryKeyConstraint("location_id", name=op.f("pk_locations")),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("channel_order_id", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="received", nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("grand_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("receiver", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("workflow_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relay_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("grand_total_minor >= 0", name=op.f("ck_orders_grand_total_not_negative")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
        sa.UniqueConstraint("channel", "channel_order_id", name=op.f("uq_orders_channel_channel_order_id")),
    )
    op.create_index("ix_orders_channel", "orders", ["channel", "order_id"], unique=False)
    op.create_index("ix_orders_customer", "orders", ["customer_id", "order_id"], unique=False)
    op.create_index(
        "ix_orders_not_started",
        "orders",
        ["relay_after"],
        unique=False,
        postgresql_where=sa.text("workflow_started_at IS NULL"),
    )
    op.create_index("ix_orders_payment_reference", "orders", ["payment_reference"], unique=False)
    op.create_index("ix_orders_status", "orders", ["status", "order_id"], unique=False)
    op.create_table(
        "partner_events",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("relay_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("relayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("partner", "event_id", name=op.f("pk_partner_events")),
    )
    op.create_index("ix_partner_events_subject", "partner_events", ["subject", "sequence"], unique=False)
    op.create_index(
        "ix_partner_events_waiting",
        "partner_events",
        ["relay_after"],
        unique=False,
        postgresql_where=sa.text("relayed_at IS NULL"),
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("on_sale", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("weight_grams", sa.Integer(), server_default="500", nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
    )
    op.create_table(
        "shipments",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("waybill", sa.Text(), nullable=False),
        sa.Column("tracking_status", sa.Text(), nullable=False),
        sa.Column("tracked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shipment_id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("carrier", "waybill", name=op.f("uq_shipments_carrier_waybill")),
    )
    op.create_index("ix_shipments_waybill", "shipments", ["waybill"], unique=False)
    op.create_table(
        "step_results",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_step_results")),
    )
    op.create_table(
        "audits",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_audits_order_id")),
        sa.PrimaryKeyConstraint("order_id", "revision", name=op.f("pk_audits")),
    )
    op.create_table(
        "backorders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_backorders_order_id")),
        sa.PrimaryKeyConstraint("order_id", "sku", name=op.f("pk_backorders")),
    )
    op.create_index("ix_backorders_sku", "backorders", ["sku", "since"], unique=False)
    op.create_table(
        "fulfillment_orders",
        sa.Column("fulfillment_order_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wms_reference", sa.Text(), nullable=True),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("parcels", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.location_id"], name=op.f("fk_fulfillment_orders_location_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_fulfillment_orders_order_id")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.shipment_id"], name=op.f("fk_fulfillment_orders_shipment_id")
        ),
        sa.PrimaryKeyConstraint("fulfillment_order_id", name=op.f("pk_fulfillment_orders")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_fulfillment_orders_order_id_number")),
    )
    op.create_index("ix_fulfillment_orders_shipment", "fulfillment_orders", ["shipment_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner_role", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_holds_order_id")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_code", "holds", ["code"], unique=False, postgresql_where=sa.text("released_at IS NULL"))
    op.create_index(
        "uq_holds_open", "holds", ["order_id", "code"], unique=True, postgresql_where=sa.text("released_at IS NULL")
    )
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_messages_order_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_order", "messages", ["order_id", "sequence"], unique=False)
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["order_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "money_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gateway_reference", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('authorized', 'captured', 'refunded', 'voided', 'failed')", name=op.f("ck_money_movements_kind")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_money_movements_amount_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_money_movements_order_id")),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_money_movements")),
        sa.UniqueConstraint("key", name=op.f("uq_money_movements_key")),
    )
    op.create_index("ix_money_movements_order", "money_movements", ["order_id"], unique=False)
    op.create_table(
        "order_events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_order_events_order_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_order_events")),
        sa.UniqueConstraint("order_id", "key", name=op.f("uq_order_events_order_id_key")),
    )
    op.create_index("ix_order_events_order", "order_events", ["order_id", "event_id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.CheckConstraint("withdrawn BETWEEN 0 AND quantity", name=op.f("ck_order_lines_withdrawn_within_quantity")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_order_lines_order_id")),
        sa.PrimaryKeyConstraint("order_id", "line_no", name=op.f("pk_order_lines")),
    )
    op.create_table(
        "returns",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="requested", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("location_id", sa.Text(), nullable=True),
        sa.Column("goods", sa.Text(), nullable=True),
        sa.Column("refund_minor", sa.BigInteger(), nullable=True),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_returns_order_id")),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_returns")),
        sa.UniqueConstraint("order_id", "case_id", name=op.f("uq_returns_order_id_case_id")),
    )
    op.create_index("ix_returns_status", "returns", ["status", "return_id"], unique=False)
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.Integer(), server_default="0", nullable=False),
        sa.Column("in_transit", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reserved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allocated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("buffer", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "available",
            sa.Integer(),
            sa.Computed("on_hand - allocated - reserved - buffer - quarantined", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint(
            "on_hand - allocated - reserved - buffer - quarantined >= 0", name=op.f("ck_stock_never_oversold")
        ),
        sa.CheckConstraint(
            "on_hand >= 0 AND in_transit >= 0 AND reserved >= 0 AND allocated >= 0 AND buffer >= 0 AND quarantined >= 0",
            name=op.f("ck_stock_counters_not_negative"),
        ),
        sa.ForeignKeyConstraint(["location_id"], ["locations.location_id"], name=op.f("fk_stock_location_id")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_stock_sku")),
        sa.PrimaryKeyConstraint("sku", "location_id", name=op.f("pk_stock")),
    )
    op.create_table(
        "fulfillment_lines",
        sa.Column("fulfillment_order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "quantity > 0 AND allocated BETWEEN 0 AND quantity", name=op.f("ck_fulfillment_lines_quantities")
        ),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_orders.fulfillment_order_id"],
            name=op.f("fk_fulfillment_lines_fulfillment_order_id"),
        ),
        sa.PrimaryKeyConstraint("fulfillment_order_id", "sku", name=op.f("pk_fulfillment_lines")),
    )
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_quantity_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_reservations_order_id")),
        sa.ForeignKeyConstraint(
            ["sku", "location_id"], ["stock.sku", "stock.location_id"], name=op.f("fk_reservations_sku_location_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "sku", "location_id", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_stock", "reservations", ["sku", "location_id"], unique=False)
    op.create_table(
        "return_lines",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.return_id"], name=op.f("fk_return_lines_return_id")),
        sa.PrimaryKeyConstraint("return_id", "line_no", name=op.f("pk_return_lines")),
    )
    op.create_table(
        "returned_goods",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_returned_goods_quantity_positive")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.return_id"], name=op.f("fk_returned_goods_return_id")),
        sa.PrimaryKeyConstraint("return_id", "sku", "disposition", name=op.f("pk_returned_goods")),
    )
    op.create_table(
        "stock_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sku", "location_id"], ["stock.sku", "stock.location_id"], name=op.f("fk_stock_movements_sku_location_id")
        ),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_stock_movements")),
    )
    op.create_index("ix_stock_movements_order", "stock_movements", ["order_id"], unique=False)
    op.create_index("ix_stock_movements_stock", "stock_movements", ["sku", "location_id", "movement_id"], unique=False)
