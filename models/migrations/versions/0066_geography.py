"""Cities, regions and postal areas have coordinates"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "geo_points",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("country", "name", "region", name=op.f("pk_geo_points")),
    )
    op.create_table(
        "postal_areas",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.CheckConstraint("prefix <> ''", name=op.f("ck_postal_areas_prefix")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_postal_areas_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_postal_areas_longitude")),
        sa.PrimaryKeyConstraint("country", "prefix", name=op.f("pk_postal_areas")),
    )
