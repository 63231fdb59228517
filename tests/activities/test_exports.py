"""Runs of exports: whatever breaks one off is in its row, so that none seems to be at work for good."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from activities.exports import ExportRequest, Exports
from models.database import Sessions
from models.exports import ExportRow, ExportRunRow

DUE = "2026-12-01T06:30:00+00:00"


class Broken:
    async def write_list(self, key_id: str, path: str, query: Sequence[tuple[str, str]], file: Path) -> None:
        raise RuntimeError("Lin Xia, 1 Lake Road")


async def test_what_nobody_thought_of_is_in_the_run_by_its_kind_alone(sessions: Sessions, tmp_path: Path) -> None:
    # given
    plan = {"name": "daily", "list": "orders", "filter": {}, "format": "csv", "cron": "30 6 * * *", "zone": "UTC"}
    target = {"kind": "folder", "folder": "finance"}
    with sessions.begin() as session:
        row = ExportRow(export_id="exp_1", target=target, key_id="key_1", created_by="mo", **plan)
        session.add(row)

    # when it is tried twice
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await Exports(sessions, Broken(), tmp_path).write_export(ExportRequest("exp_1", DUE))

    # then
    with sessions() as session:
        [run] = session.scalars(select(ExportRunRow)).all()
    assert (run.state, run.tries, run.problem) == ("failed", 2, "it broke off: RuntimeError")
