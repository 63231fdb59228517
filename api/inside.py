"""The API inside of another process: its own routes, called in the name of a key without knowing the key.

What staff have asked for and a worker carries out goes through the very code that a request would (a bulk's acts, the
lists of kept exports), with the rights that the key has at that moment. The app opens when it is first needed.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.responses import Response

from api.access import Caller
from api.asking import answer_of, save_answer
from domain.bulk import UNAUTHENTICATED, Answered
from domain.errors import ExportRefused, PartnerTrouble

Build = Callable[[], Any]


class Inside:
    """`build` makes the app; it may take a second, and runs in a thread."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._app: Any = None

    async def act(self, key_id: str, command: str, subject_id: str, given: Mapping[str, Any], once: str) -> Answered:
        """Carry out a command of a bulk for one subject, once by the idempotency key `once`, and return the answer."""
        from api.bulk.commands import COMMANDS

        app = await self._opened()
        caller = await self._holder(app, key_id)
        if caller is None:
            return Answered(401, UNAUTHENTICATED, "the key was revoked or has expired")
        path, query, body = COMMANDS[command].request(subject_id, given)
        scope = scope_of(caller, COMMANDS[command].method, path, query, once)
        answer = await answer_of(app, scope, json.dumps(body).encode() if body else b"{}")
        return _answered(answer)

    async def write_list(self, key_id: str, path: str, query: Sequence[tuple[str, str]], file: Path) -> None:
        """Write a whole list to a file, as the key may read it. Raises ExportRefused, or PartnerTrouble for what may
        pass."""
        app = await self._opened()
        caller = await self._holder(app, key_id)
        if caller is None:
            raise ExportRefused("the key was revoked or has expired")
        with file.open("wb") as out:
            answer, whole = await save_answer(app, scope_of(caller, "GET", path, urlencode(query)), out)
        if answer.status_code in (408, 429) or answer.status_code >= 500 or not whole:
            raise PartnerTrouble(f"the list broke off with {answer.status_code}")
        if answer.status_code != 200:
            raise ExportRefused(f"the list is refused with {answer.status_code}")

    async def all_is_up(self) -> bool:
        """True if the database and Temporal answer."""
        app = await self._opened()
        parts = await app.state.services.readiness.parts()
        return bool(parts.database == "up" and parts.temporal == "up")

    async def close(self) -> None:
        await self._stack.aclose()

    async def _opened(self) -> Any:
        async with self._opening:
            if self._app is None:
                app = await asyncio.to_thread(self._build)
                await self._stack.enter_async_context(app.router.lifespan_context(app))
                self._app = app
        return self._app

    async def _holder(self, app: Any, key_id: str) -> Caller | None:
        holder: Caller | None = await app.state.services.keys.holder(key_id)
        return holder


def scope_of(caller: Caller, method: str, path: str, query: str = "", once: str = "") -> dict[str, Any]:
    """Return the ASGI scope of a request from inside: its caller is known and not charged again."""
    headers = [(b"content-type", b"application/json"), (b"host", b"baton")]
    if once:
        headers.append((b"idempotency-key", f'"{once}"'.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": None,
        "server": ("baton", 80),
        "caller": caller,
    }


def _answered(answer: Response) -> Answered:
    body = json.loads(bytes(answer.body) or b"{}")
    if answer.status_code >= 400:
        return Answered(answer.status_code, body["type"].rpartition(":")[2], body["detail"])
    if answer.status_code == 202:
        return Answered(202, "pending")
    return Answered(answer.status_code, str(body.get("answer") or body.get("status") or ""))
