"""Photos of customers: files in a store, and a row for each, by which erasure finds its file."""

import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.database import Sessions
from models.track import PhotoRow

PREFIX = "photo:"
"""Before the id of a photo, where evidence of a case names it."""
MOST_OF_ORDER = 40
UNUSED_FOR = timedelta(days=1)
"""A photo that no case names is removed after this time."""
AT_ONCE = 100
PHOTO_ID = re.compile(r"[0-9a-f]{32}")


class PhotoKeeper(Protocol):
    """Where files are. Each method may be repeated; `get` returns None for a photo that is not there."""

    def put(self, photo_id: str, content: bytes) -> None: ...

    def get(self, photo_id: str) -> bytes | None: ...

    def remove(self, photo_id: str) -> None: ...


class FolderKeeper:
    """A folder that only our account reads; every process that shows, keeps or erases photos needs the same one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, photo_id: str, content: bytes) -> None:
        path = self._path(photo_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Under a name of its own first, so that no reader sees half of it.
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            draft.replace(path)
        except BaseException:
            # No row names it, so that nobody would erase it.
            draft.unlink(missing_ok=True)
            raise

    def get(self, photo_id: str) -> bytes | None:
        try:
            return self._path(photo_id).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, photo_id: str) -> None:
        self._path(photo_id).unlink(missing_ok=True)

    def _path(self, photo_id: str) -> Path:
        if not PHOTO_ID.fullmatch(photo_id):
            raise ValueError("no id of a photo")
        return self._folder / photo_id[:2] / f"{photo_id}.jpg"


def note_photo(session: Session, photo_id: str, order_id: str, size: int) -> bool:
    """Write the row of a photo before its file. False if the order has too many. The same photo again is one."""
    known = select(PhotoRow.photo_id).where(PhotoRow.order_id == order_id)
    photos = set(session.scalars(known))
    if photo_id not in photos and len(photos) >= MOST_OF_ORDER:
        return False
    session.execute(insert(PhotoRow).values(photo_id=photo_id, order_id=order_id, size=size).on_conflict_do_nothing())
    return True


def name_photos(session: Session, order_id: str, case_id: str, photo_ids: list[str]) -> list[str]:
    """Let a case name these photos, which are kept from now on. Return those that are not of this order, or of another
    case of it already; none is named then."""
    here = PhotoRow.order_id == order_id, PhotoRow.erased_at.is_(None), PhotoRow.case_id.in_(("", case_id))
    locked = select(PhotoRow.photo_id).where(PhotoRow.photo_id.in_(photo_ids), *here).with_for_update()
    found = set(session.scalars(locked)) if photo_ids else set()
    if missing := [photo_id for photo_id in photo_ids if photo_id not in found]:
        return missing
    session.execute(update(PhotoRow).where(PhotoRow.photo_id.in_(photo_ids)).values(case_id=case_id))
    return []


def remove_photos(sessions: Sessions, store: PhotoKeeper) -> int:
    """Remove the files of erased persons, and photos that no case has named within a day. Return how many."""
    unused = (PhotoRow.case_id == "") & (PhotoRow.at < func.now() - UNUSED_FOR)
    due = select(PhotoRow.photo_id).where(or_(PhotoRow.erased_at.is_not(None), unused)).order_by(PhotoRow.at)
    with sessions.begin() as session:
        # Locked until the file is gone, so that no case names it meanwhile; several workers take different ones.
        found = list(session.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True)))
        for photo_id in found:
            store.remove(photo_id)
        session.execute(delete(PhotoRow).where(PhotoRow.photo_id.in_(found)))
    return len(found)
