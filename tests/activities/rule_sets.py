"""Put rules in force without the API."""

from typing import Any

from models.database import Sessions
from record.rules.versions import Draft, activate, save_draft

HELD = {"type": "hold", "reason": "a person must look", "owner_role": "staff"}


def rules_in_force(sessions: Sessions, *rules: tuple[str, str, dict[str, Any]]) -> int:
    """Activate rules given as (name, expression, action); return the id of their version."""
    with sessions.begin() as session:
        drafts = [Draft(name, expression, action) for name, expression, action in rules]
        row = save_draft(session, drafts, None, "of a test", "Lin of sales")
        activate(session, row, "Lin of sales", "a test", force=True)
        return row.rule_set_id
