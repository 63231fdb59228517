"""Photos of customers: a row for each, by which erasure finds its file (integrations/photo_keepers.py)."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from integrations.photo_keepers import PhotoKeeper
from models.database import Sessions
from models.track import PhotoRow

PREFIX = "photo:"
"""Before the id of a photo, where evidence of a case names it."""
MOST_OF_ORDER = 40
UNUSED_FOR = timedelta(days=1)
"""A photo that no case names is removed after this time."""
AT_ONCE = 100
TRIED_AGAIN_AFTER = timedelta(minutes=15)
"""A file that could not be removed is tried again after this time."""


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


def remove_photos(sessions: Sessions, keeper: PhotoKeeper) -> int:
    """Remove the files of erased persons, and photos that no case has named within a day. Return how many.

    Raises PartnerTrouble when the files cannot be reached; they are tried again later.
    """
    P = PhotoRow
    unused = (P.case_id == "") & (P.at < func.now() - UNUSED_FOR) & P.erased_at.is_(None)
    erased = P.erased_at.is_not(None) & ((P.at < P.erased_at) | (P.at < func.now() - TRIED_AGAIN_AFTER))
    due = select(P.photo_id).where(unused | erased).order_by(P.at).limit(AT_ONCE).with_for_update(skip_locked=True)
    # From now on no case can name them, and no other worker takes them for a while.
    taken = {"at": func.now(), "erased_at": func.coalesce(P.erased_at, func.now())}
    with sessions.begin() as session:
        found = list(session.scalars(update(P).where(P.photo_id.in_(due)).values(taken).returning(P.photo_id)))
    for photo_id in found:
        keeper.remove(photo_id)
    if found:
        with sessions.begin() as session:
            session.execute(delete(P).where(P.photo_id.in_(found), P.erased_at.is_not(None)))
    return len(found)
