"""The weights and policies in force, for trials of others."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.parameters import ANYWHERE, valid_at
from domain.sourcing.policies import LAST_RESORT, Chain, read_chains
from record.parameters import dated_rows


def house_weights(session: Session) -> dict[str, Any]:
    """Return the value of `sourcing_weights` valid now, as written; empty when there is none."""
    value = _valid(session).get("sourcing_weights", {})
    return dict(value)


def house_chain(session: Session) -> Chain:
    """Return the policies for channels that have none of their own."""
    return read_chains(_valid(session).get("sourcing_policies", {})).get(ANYWHERE, LAST_RESORT)


def _valid(session: Session) -> dict[str, Any]:
    return {row.name: row.value for row in valid_at(dated_rows(session), datetime.now(UTC))}
