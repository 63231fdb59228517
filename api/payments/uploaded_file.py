"""A file that is sent as the body of a request, written to disk as it comes."""

import asyncio
from tempfile import TemporaryFile
from typing import IO

from anyio import to_thread
from fastapi import Request

from api.dependencies import caller_of, services_of
from api.errors import TOO_LARGE, TOO_SLOW, Problem

MAX_FILE_BYTES = 100_000_000
SECONDS_FOR_A_FILE = 600.0


async def receive_file(request: Request, limit: int = MAX_FILE_BYTES) -> IO[bytes]:
    """Return the body as a file on disk, which the caller closes. A 413 as soon as it is larger than `limit`, a 408
    when it takes too long."""
    announced, size = request.headers.get("content-length", ""), 0
    if announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    file = await to_thread.run_sync(TemporaryFile)
    try:
        async with asyncio.timeout(SECONDS_FOR_A_FILE):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise _too_large(limit)
                await to_thread.run_sync(file.write, part)
    except BaseException as error:
        file.close()
        if isinstance(error, TimeoutError):
            detail = f"a file is sent within {SECONDS_FOR_A_FILE:g} seconds"
            raise Problem(TOO_SLOW, detail, headers={"Connection": "close"}) from None
        raise
    if not announced:
        services_of(request).quotas.charge(caller_of(request), "bytes", size)
    return file


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"a file may have {limit} bytes", headers={"Connection": "close"})
