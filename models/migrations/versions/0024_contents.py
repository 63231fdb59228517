"""What customers are told: their language and what was said already; and what platforms were told of parcels"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("orders", sa.Column("language", sa.Text(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("same_as", sa.Text(), nullable=True))
    op.create_table(
        "channel_uploads",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("parcel", sa.SmallInteger(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("waybill", sa.Text(), nullable=False),
        sa.Column("happened_at", WHEN, nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("uploaded_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_channel_uploads_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "number", name=op.f("pk_channel_uploads")),
        sa.UniqueConstraint("order_id", "happened_at", name=op.f("uq_channel_uploads_order_id_happened_at")),
    )
