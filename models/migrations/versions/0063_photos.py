"""Photos that customers send with a return; the files are kept elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("photo_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_photos_size")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_photos_order_id_orders")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_order", "photos", ["order_id"])
    to_remove = sa.text("case_id = '' OR erased_at IS NOT NULL")
    op.create_index("ix_photos_to_remove", "photos", ["at"], postgresql_where=to_remove)
