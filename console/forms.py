"""Reads forms that strangers send: bounded in bytes, fields, files and time, before anything is done with them."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

MOST_FIELDS = 120
FORM_BYTES, FIELD_BYTES = 60_000, 8_000
PHOTO_BYTES, MOST_PHOTOS = 8_000_000, 5
SECONDS, SECONDS_WITH_PHOTOS, LEAST_A_SECOND = 20.0, 180.0, 25_000
"""A form has 20 seconds, one with photos a second more for each 25,000 bytes that have come: a trickle holds up nobody
else's photos."""
LONGEST_TEXT = 2_000
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Form:
    """`texts` are stripped; a field that came twice counts once. `photos` are the raw files that were chosen."""

    texts: dict[str, str]
    photos: list[bytes]

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        return self.texts.get(name, "")[:longest]


async def read_form(request: Request, photos: bool = False) -> Form:
    """Return the form. A 400 for what is no form, a 413 for more than it may have, a 408 for a slow sender."""
    multipart = request.headers.get("content-type", "").startswith(MULTIPART)
    limit = MOST_PHOTOS * PHOTO_BYTES + FORM_BYTES if photos and multipart else FORM_BYTES
    try:
        async with asyncio.timeout(SECONDS) as until:
            form = await _parse(request, multipart, _bounded(request, limit, until))
            return await _read(form)
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None
    except (MultiPartException, UnicodeError):
        # Some of the charsets that a sender may name raise of their own kind.
        raise HTTPException(400) from None


async def _parse(request: Request, multipart: bool, stream: AsyncGenerator[bytes, None]) -> FormData:
    if not multipart:
        return await FormParser(request.headers, stream, max_fields=MOST_FIELDS).parse()
    # One file more than may be sent, so that too many are told apart from a broken form.
    limits = {"max_files": MOST_PHOTOS + 1, "max_fields": MOST_FIELDS, "max_part_size": FIELD_BYTES}
    return await MultiPartParser(request.headers, stream, **limits).parse()


async def _bounded(request: Request, limit: int, until: asyncio.Timeout) -> AsyncGenerator[bytes, None]:
    size, began = 0, asyncio.get_running_loop().time()
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413, headers={"Connection": "close"})
        if limit > FORM_BYTES:
            until.reschedule(began + min(SECONDS + size / LEAST_A_SECOND, SECONDS_WITH_PHOTOS))
        yield part


async def _read(form: FormData) -> Form:
    texts, photos = dict[str, str](), list[bytes]()
    for name, value in form.multi_items():
        if isinstance(value, str):
            texts[name] = value.strip()
        elif isinstance(value, UploadFile):
            # An input without a file sends an empty one.
            if content := await value.read(PHOTO_BYTES + 1):
                photos.append(content)
            await value.close()
    return Form(texts, photos)
