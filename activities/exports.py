"""Write a kept export: the list as its key may read it, into a file of our own first, then to its target."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from temporalio import activity

from domain.errors import ExportRefused, PartnerTrouble
from integrations.export_targets import deliver
from models.database import Sessions
from record.exports import ExportWork, begin_run, end_run


class Lists(Protocol):
    async def write_list(self, key_id: str, path: str, query: Sequence[tuple[str, str]], file: Path) -> None:
        """Write a whole list. Raises ExportRefused, or PartnerTrouble for what may pass."""


@dataclass(frozen=True)
class ExportRequest:
    """`due` is when the run was due, as ISO 8601: it is part of the file's name, so that each try writes the same.
    `run` tells runs that were due in the same second apart."""

    export_id: str
    due: str
    run: str


class Exports:
    def __init__(self, sessions: Sessions, lists: Lists, root: Path | None) -> None:
        self._sessions = sessions
        self._lists = lists
        self._root = root

    @activity.defn
    async def write_export(self, request: ExportRequest) -> int:
        """Return the size of the file in bytes; 0 if the export was deleted. What failed is in the run's row."""
        due = datetime.fromisoformat(request.due)
        work = await asyncio.to_thread(self._begin, request, due)
        if work is None:
            return 0
        try:
            size = await self._write(work)
        except (ExportRefused, PartnerTrouble) as known:
            await asyncio.to_thread(self._end, request, None, str(known))
            raise
        except Exception as unexpected:
            # Its text may hold addresses and names. The next try begins the run again.
            problem = f"it broke off: {type(unexpected).__name__}"
            await asyncio.to_thread(self._end, request, None, problem)
            raise
        await asyncio.to_thread(self._end, request, size)
        return size

    async def _write(self, work: ExportWork) -> int:
        with TemporaryDirectory(prefix="baton-export-") as place:
            file = Path(place) / work.file
            await self._lists.write_list(work.key_id, f"/{work.list}", work.query, file)
            await deliver(work.target, self._root, file, work.file)
            return file.stat().st_size

    def _begin(self, request: ExportRequest, due: datetime) -> ExportWork | None:
        with self._sessions.begin() as session:
            return begin_run(session, request.export_id, request.run, due)

    def _end(self, request: ExportRequest, size: int | None, problem: str = "") -> None:
        with self._sessions.begin() as session:
            end_run(session, request.export_id, request.run, size, problem)
