"""Orders are found by what staff know of them: person, goods, tag, amount, province and dates"""

from typing import Any

import sqlalchemy as sa

from models.migrations import online

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

BY_PAGES: Any = {"postgresql_using": "brin", "postgresql_with": {"pages_per_range": 32, "autosummarize": "on"}}
UNUSUAL = sa.text("kind IN ('authorized', 'refunded', 'voided', 'failed', 'credited')")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition)}


def upgrade() -> None:
    online.create_index("ix_orders_phone", "orders", ["phone_hash"], **_where("phone_hash IS NOT NULL"))
    online.create_index("ix_orders_email", "orders", ["email_hash"], **_where("email_hash IS NOT NULL"))
    online.create_index("ix_orders_province", "orders", ["province"])
    online.create_index("ix_orders_amount", "orders", ["currency", "grand_total_minor"])
    online.create_index("ix_orders_attention", "orders", ["order_id"], **_where("attention IS NOT NULL"))
    tags: Any = {"postgresql_using": "gin", "postgresql_ops": {"tags": "jsonb_path_ops"}}
    online.create_index("ix_orders_tags", "orders", ["tags"], **tags, **_where("tags <> '[]'"))
    online.create_index("ix_order_lines_sku", "order_lines", ["sku"])
    online.create_index("ix_products_title", "products", [sa.text("lower(title)")])
    online.create_index("ix_fulfillment_orders_shipped", "fulfillment_orders", ["shipped_at"], **BY_PAGES)
    online.create_index("ix_fulfillment_orders_delivered", "fulfillment_orders", ["delivered_at"], **BY_PAGES)
    online.create_index("ix_money_movements_unusual", "money_movements", ["kind"], postgresql_where=UNUSUAL)
