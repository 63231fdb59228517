"""What a bulk would do as things stand: read in chunks, from what the record knows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.bulk.commands import COMMANDS, INTAKES, RETURNS
from api.bulk.schemas import BulkPreview, Expected, Refusals
from api.returns.view import visible_to
from domain.bulk import Standing, expected
from domain.people import is_erased
from models.channel import IntakeRow
from models.database import Sessions
from models.order import HoldRow, OrderRow
from models.returns import ReturnRow
from record.orders.staff_work import MOST_TAGS

CHUNK, SAMPLE, MOST_REASONS = 1_000, 10, 50


def preview(
    sessions: Sessions, caller: Caller, command: str, given: Mapping[str, Any], ids: Sequence[str]
) -> BulkPreview:
    reasons, samples = Counter[str](), dict[str, list[Expected]]()
    hold, tag, over = given.get("hold", ""), given.get("tag", ""), given.get("take_over", False)
    for subject_id, standing in _standings(sessions, caller, command, ids):
        outcome = expected(command, standing, caller.name, MOST_TAGS, hold, tag, over)
        if outcome.state != "done":
            reasons[outcome.detail] += 1
        sample = samples.setdefault(outcome.state, [])
        if len(sample) < SAMPLE:
            sample.append(Expected(id=subject_id, state=outcome.state, reason=outcome.detail))
    return BulkPreview(
        command=command,
        total=len(ids),
        would_do=len(ids) - reasons.total(),
        refusals=[Refusals(reason=reason, count=count) for reason, count in reasons.most_common(MOST_REASONS)],
        sample=[one for sample in samples.values() for one in sample],
    )


def _standings(
    sessions: Sessions, caller: Caller, command: str, ids: Sequence[str]
) -> Iterator[tuple[str, Standing | None]]:
    subject = COMMANDS[command].subject
    read = _of_cases if subject == RETURNS else _of_intakes if subject == INTAKES else _of_orders
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with sessions() as session:
            found = read(session, caller, chunk)
        yield from ((subject_id, found.get(subject_id)) for subject_id in chunk)


def _of_orders(session: Session, caller: Caller, ids: Sequence[str]) -> dict[str, Standing]:
    row = OrderRow
    columns = row.order_id, row.channel, row.status, row.past, row.customer_id, row.assignee, row.tags
    rows = session.execute(select(*columns).where(row.order_id.in_(ids))).all()
    open_holds = select(HoldRow.order_id, HoldRow.code).where(HoldRow.order_id.in_(ids), HoldRow.released_at.is_(None))
    holds: dict[str, list[str]] = {}
    for order_id, code in session.execute(open_holds):
        holds.setdefault(order_id, []).append(code)
    return {
        one.order_id: Standing(
            one.status, bool(one.past), is_erased(one.customer_id), one.assignee, one.tags, holds.get(one.order_id, ())
        )
        for one in rows
        if caller.sees(one.channel)
    }


def _of_cases(session: Session, caller: Caller, ids: Sequence[str]) -> dict[str, Standing]:
    cases = select(ReturnRow.return_id, ReturnRow.status).join(OrderRow, OrderRow.order_id == ReturnRow.order_id)
    rows = session.execute(cases.where(ReturnRow.return_id.in_(ids), *visible_to(caller)))
    return {return_id: Standing(status) for return_id, status in rows}


def _of_intakes(session: Session, caller: Caller, ids: Sequence[str]) -> dict[str, Standing]:
    row = IntakeRow
    rows = session.execute(select(row.intake_id, row.channel, row.status).where(row.intake_id.in_(ids)))
    return {intake_id: Standing(status) for intake_id, channel, status in rows if caller.sees(channel)}
