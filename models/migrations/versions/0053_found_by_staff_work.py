"""Orders and cases are found by who took them, and cases by their tags"""

from typing import Any

import sqlalchemy as sa

from models.migrations import online

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    taken = {"postgresql_where": sa.text("assignee IS NOT NULL")}
    online.create_index("ix_orders_assignee", "orders", ["assignee", "order_id"], **taken)
    online.create_index("ix_returns_assignee", "returns", ["assignee", "return_id"], **taken)
    tags: Any = {"postgresql_using": "gin", "postgresql_ops": {"tags": "jsonb_path_ops"}}
    online.create_index("ix_returns_tags", "returns", ["tags"], **tags, postgresql_where=sa.text("tags <> '[]'"))
