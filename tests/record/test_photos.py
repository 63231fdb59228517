"""Photos: what is erased or was never used is removed, also when its files could not be reached at first."""

from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import PartnerTrouble
from integrations.photo_keepers import FolderKeeper
from models.database import Sessions
from record.people.photos import name_photos, note_photo, remove_photos
from tests.factories import place_order

USED, UNUSED, NEW, ERASED = (f"{number:032x}" for number in range(4))


class Away:
    """A store that cannot be reached. No transaction of ours is open while it is waited for."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.locked = list[str]()

    def put(self, photo_id: str, content: bytes) -> None: ...

    def get(self, photo_id: str) -> bytes | None: ...

    def remove(self, photo_id: str) -> None:
        free = text("SELECT photo_id FROM photos FOR UPDATE SKIP LOCKED")
        with self._sessions() as session:
            self.locked = sorted({USED, UNUSED, NEW, ERASED} - set(session.scalars(free)))
        raise PartnerTrouble("s3: GenericError")


@pytest.fixture
def order_id(sessions: Sessions) -> str:
    """An order with a photo of each kind."""
    order_id = place_order(sessions)
    with sessions.begin() as session:
        for photo_id in (USED, UNUSED, NEW, ERASED):
            assert note_photo(session, photo_id, order_id, 9)
        assert name_photos(session, order_id, "1", [USED, ERASED]) == []
        session.execute(text("UPDATE photos SET at = now() - interval '25 hours' WHERE photo_id <> :id"), {"id": NEW})
        session.execute(text("UPDATE photos SET erased_at = now() WHERE photo_id = :id"), {"id": ERASED})
    return order_id


def test_a_file_that_could_not_be_removed_is_tried_again(sessions: Sessions, order_id: str, tmp_path: Path) -> None:
    keeper, away = FolderKeeper(tmp_path), Away(sessions)
    for photo_id in (USED, UNUSED, NEW, ERASED):
        keeper.put(photo_id, b"a photo")

    # when the store is away at first
    with pytest.raises(PartnerTrouble):
        remove_photos(sessions, away)

    # then no row was locked meanwhile, no case can name what is being removed, and another worker leaves it alone
    assert away.locked == []
    with sessions.begin() as session:
        assert name_photos(session, order_id, "2", [UNUSED]) == [UNUSED]
    assert remove_photos(sessions, keeper) == 0

    # and a while later the files go, and their rows with them
    with sessions.begin() as session:
        session.execute(text("UPDATE photos SET at = at - interval '16 minutes' WHERE erased_at IS NOT NULL"))
    assert remove_photos(sessions, keeper) == 2
    assert remove_photos(sessions, keeper) == 0
    assert [keeper.get(one) is None for one in (USED, UNUSED, NEW, ERASED)] == [False, True, False, True]
    with sessions() as session:
        assert sorted(session.scalars(text("SELECT photo_id FROM photos"))) == [USED, NEW]
