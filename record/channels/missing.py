"""The list of missing orders: those that a channel has and we do not, to fetch and to report."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import case, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.pull import MissingOrderRow

NOTHING_YET, PULLED, REFUSED, GONE = "nothing_yet", "pulled", "refused", "gone"
STILL_MISSING = (NOTHING_YET, REFUSED)


def note_missing(session: Session, channel: str, missing: Mapping[str, datetime], known: Iterable[str]) -> None:
    """List missing orders, by id with the time of their last change; of the `known` ones we have an older state.

    One that is listed already keeps `first_missing_at`, unless it was found in between."""
    known = set(known)
    rows = [
        {
            "channel": channel,
            "channel_order_id": name,
            "modified_at": missing[name],
            "reason": "out_of_date" if name in known else "never_came",
        }
        for name in sorted(missing)
    ]
    if not rows:
        return
    row = insert(MissingOrderRow).values(rows)
    still = MissingOrderRow.outcome.in_(STILL_MISSING)
    again = {
        "modified_at": row.excluded.modified_at,
        "reason": row.excluded.reason,
        "first_missing_at": case((still, MissingOrderRow.first_missing_at), else_=func.now()),
        "outcome": NOTHING_YET,
        "detail": None,
        "settled_at": None,
    }
    session.execute(row.on_conflict_do_update(index_elements=["channel", "channel_order_id"], set_=again))


def note_found(session: Session, channel: str, names: Iterable[str]) -> None:
    """Mark these orders as found, however they arrived."""
    found = update(MissingOrderRow).where(
        MissingOrderRow.channel == channel,
        MissingOrderRow.channel_order_id.in_(list(names)),
        MissingOrderRow.outcome.in_(STILL_MISSING),
    )
    session.execute(found.values(outcome=PULLED, detail=None, settled_at=func.now()))
