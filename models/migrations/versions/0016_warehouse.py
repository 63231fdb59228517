"""Warehouse: calendars, waves and capacity of locations, and orders that are fetched at a store"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    _add_calendars()
    for name in ("wave_at", "wave_after", "wave_told_at", "accepted_at", "ready_at", "fetched_at"):
        op.add_column("fulfillment_orders", sa.Column(name, WHEN, nullable=True))
    _add("fulfillment_orders", "pickup", sa.Boolean(), sa.text("false"))
    op.add_column("fulfillment_orders", sa.Column("pickup_code_hash", sa.Text(), nullable=True))
    _add("fulfillment_orders", "pickup_tries", sa.SmallInteger(), sa.text("0"))
    _add("orders", "pickup_location", sa.Text(), sa.text("''"))
    for name, column, where in (
        ("wave", "wave_after", "wave_at IS NOT NULL AND wave_told_at IS NULL AND status = 'open'"),
        ("told", "wave_told_at", "wave_told_at IS NOT NULL AND status = 'open'"),
        ("work", "location_id", "status IN ('open', 'released', 'picking', 'picked')"),
    ):
        index = f"ix_fulfillment_orders_{name}"
        op.create_index(index, "fulfillment_orders", [column], postgresql_where=sa.text(where))


def _add_calendars() -> None:
    _add("locations", "time_zone", sa.Text(), sa.text("'Asia/Shanghai'"))
    _add("locations", "cut_off", sa.Time(), sa.text("'18:00'"))
    _add("locations", "working_days", postgresql.ARRAY(sa.SmallInteger()), sa.text("'{1,2,3,4,5,6,7}'"))
    _add("locations", "keeps_holidays", sa.Boolean(), sa.text("false"))
    _add("locations", "closed", postgresql.ARRAY(sa.Date()), sa.text("'{}'"))
    _add("locations", "waves", postgresql.ARRAY(sa.Time()), sa.text("'{}'"))
    op.add_column("locations", sa.Column("capacity_units_per_day", sa.Integer(), nullable=True))
    days = "working_days <> '{}' AND working_days <@ '{1,2,3,4,5,6,7}'"
    op.create_check_constraint(op.f("ck_locations_working_days"), "locations", days)
    op.create_check_constraint(op.f("ck_locations_capacity_positive"), "locations", "capacity_units_per_day > 0")


def _add(table: str, name: str, kind: sa.types.TypeEngine[Any], default: sa.TextClause) -> None:
    op.add_column(table, sa.Column(name, kind, server_default=default, nullable=False))
