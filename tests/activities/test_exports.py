"""Runs of exports: whatever breaks one off is in its row, so that none seems to be at work for good."""

import asyncio
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


class Written:
    async def write_list(self, key_id: str, path: str, query: Sequence[tuple[str, str]], file: Path) -> None:
        await asyncio.to_thread(file.write_text, "order_id\r\n")


@pytest.fixture
def export(sessions: Sessions) -> Sessions:
    plan = {"name": "daily", "list": "orders", "filter": {}, "format": "csv", "cron": "30 6 * * *", "zone": "UTC"}
    target = {"kind": "folder", "folder": "finance"}
    with sessions.begin() as session:
        session.add(ExportRow(export_id="exp_1", target=target, key_id="key_1", created_by="mo", **plan))
    return sessions


def outcomes(sessions: Sessions) -> list[tuple[str, int, str]]:
    with sessions() as session:
        runs = session.scalars(select(ExportRunRow).order_by(ExportRunRow.run_id))
        return [(run.state, run.tries, run.problem) for run in runs]


async def test_what_nobody_thought_of_is_in_the_run_by_its_kind_alone(export: Sessions, tmp_path: Path) -> None:
    # when it is tried twice
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await Exports(export, Broken(), tmp_path).write_export(ExportRequest("exp_1", DUE, "run-1"))

    # then
    assert outcomes(export) == [("failed", 2, "it broke off: RuntimeError")]


async def test_two_runs_of_the_same_second_are_two(export: Sessions, tmp_path: Path) -> None:
    # given a run that failed
    with pytest.raises(RuntimeError):
        await Exports(export, Broken(), tmp_path).write_export(ExportRequest("exp_1", DUE, "run-1"))

    # when somebody asks for another within its second, and its answer is lost, so that it is tried again
    for _ in range(2):
        assert await Exports(export, Written(), tmp_path).write_export(ExportRequest("exp_1", DUE, "run-2")) == 10

    # then what became of the first is still there
    assert outcomes(export) == [("failed", 1, "it broke off: RuntimeError"), ("done", 2, "")]
