"""Parcels of channels are found by their waybill and their dates"""

from typing import Any

import sqlalchemy as sa

from models.migrations import online

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

BY_PAGES: Any = {"postgresql_using": "brin", "postgresql_with": {"pages_per_range": 32, "autosummarize": "on"}}


def upgrade() -> None:
    named = {"postgresql_where": sa.text("waybill <> ''")}
    online.create_index("ix_parcels_elsewhere_waybill", "parcels_elsewhere", ["waybill"], **named)
    online.create_index("ix_parcels_elsewhere_shipped", "parcels_elsewhere", ["shipped_at"], **BY_PAGES)
    online.create_index("ix_parcels_elsewhere_delivered", "parcels_elsewhere", ["delivered_at"], **BY_PAGES)
