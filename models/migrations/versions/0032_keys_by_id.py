"""The id of a key is its own, and its location is one of ours"""

from models.migrations import online

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("ix_api_keys_key_id", "api_keys", ["key_id"], unique=True)
    online.add_constraint(
        "fk_subscriptions_key_id_api_keys", "subscriptions", "FOREIGN KEY (key_id) REFERENCES api_keys (key_id)"
    )
    online.add_constraint(
        "fk_api_keys_location_locations", "api_keys", "FOREIGN KEY (location) REFERENCES locations (location_id)"
    )
