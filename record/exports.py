"""Kept exports in the database: what a run writes, what became of it, and which schedules Temporal lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.exports import ExportPlan, file_name
from models.exports import CHANGED, ExportRow, ExportRunRow
from models.vault import each_secret, vault_of

RUNS_KEPT = 100
"""Runs of an export that are kept, the last ones."""


@dataclass(frozen=True, slots=True)
class ExportWork:
    """What a run writes; `target` has its secrets in the clear."""

    key_id: str
    list: str
    query: Sequence[tuple[str, str]]
    target: dict[str, Any]
    file: str


def begin_run(session: Session, export_id: str, run: str, due_at: datetime) -> ExportWork | None:
    """Write down one more try of a workflow's run, and return what it does; None if the export is gone."""
    row = session.get(ExportRow, export_id)
    if row is None or row.deleted_at is not None:
        return None
    file = file_name(row.name, due_at, row.zone, row.format)
    again = {"tries": ExportRunRow.tries + 1, "state": "running", "ended_at": None}
    new = insert(ExportRunRow).values(export_id=export_id, workflow_run=run, due_at=due_at, file=file, tries=1)
    session.execute(new.on_conflict_do_update(index_elements=["export_id", "workflow_run"], set_=again))
    query = [(name, str(value)) for name, value in row.filter.items()] + [("format", row.format)]
    return ExportWork(row.key_id, row.list, query, each_secret(row.target, vault_of(session).read), file)


def end_run(session: Session, export_id: str, run: str, size: int | None, problem: str = "") -> None:
    """Write down what became of a try, and forget the oldest runs."""
    mine = ExportRunRow.export_id == export_id
    done = {"state": "failed" if problem else "done", "bytes": size, "problem": problem[:300], "ended_at": func.now()}
    session.execute(update(ExportRunRow).where(mine, ExportRunRow.workflow_run == run).values(done))
    kept = select(ExportRunRow.run_id).where(mine).order_by(ExportRunRow.run_id.desc()).limit(RUNS_KEPT)
    session.execute(delete(ExportRunRow).where(mine, ExportRunRow.run_id.not_in(kept)))


def changed_exports(session: Session) -> Sequence[ExportRow]:
    """Return those whose schedule is not as they are, or that are to run now."""
    return session.scalars(select(ExportRow).where(CHANGED)).all()


def plan_of(row: ExportRow) -> ExportPlan:
    return ExportPlan(row.export_id, row.cron, row.zone, row.active)


def mark_scheduled(session: Session, row: ExportRow) -> None:
    """Note that the schedule is as the row was when it was read; a change since then is carried by the next look."""
    if row.deleted_at is not None:
        session.execute(delete(ExportRow).where(ExportRow.export_id == row.export_id))
        return
    same = ExportRow.export_id == row.export_id, ExportRow.deleted_at.is_(None)
    as_read = ExportRow.cron == row.cron, ExportRow.zone == row.zone, ExportRow.active == row.active
    session.execute(update(ExportRow).where(*same, *as_read).values(scheduled_at=func.now()))
    asked = ExportRow.run_asked_at == row.run_asked_at
    session.execute(update(ExportRow).where(*same, asked).values(run_asked_at=None))


def reschedule_all(session: Session) -> None:
    """Have all schedules compared with their rows again, such as after Temporal was set up anew."""
    session.execute(update(ExportRow).values(scheduled_at=None))
