"""Where photos of customers are kept: a folder, or a bucket of S3. Each call may be repeated."""

import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, Field, SecretStr

from integrations.s3 import as_trouble, open_bucket

if TYPE_CHECKING:
    from obstore.store import S3Store

PHOTO_ID = re.compile(r"[0-9a-f]{32}")
CALL_SECONDS = 20


class PhotoKeeper(Protocol):
    """Raises PartnerTrouble when the files cannot be reached."""

    def put(self, photo_id: str, content: bytes) -> None: ...

    def get(self, photo_id: str) -> bytes | None:
        """Return the photo, or None if it is not there."""

    def remove(self, photo_id: str) -> None: ...


class PhotoBucket(BaseModel, frozen=True):
    """A bucket of our own for photos; without an `endpoint` it is Amazon's. It must not keep old versions: what is
    erased would stay there."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    region: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    access_key: str
    secret: SecretStr
    endpoint: str | None = Field(None, pattern=r"^https?://[A-Za-z0-9.:-]+$")
    folder: str = Field("", pattern=r"^$|^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")


class FolderKeeper:
    """A folder that only our account reads; every process that shows, keeps or erases photos needs the same one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, photo_id: str, content: bytes) -> None:
        path = self._folder / _path(photo_id)
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
            return (self._folder / _path(photo_id)).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, photo_id: str) -> None:
        (self._folder / _path(photo_id)).unlink(missing_ok=True)


class BucketKeeper:
    """A bucket of S3. An object appears when it is whole."""

    def __init__(self, bucket: PhotoBucket) -> None:
        self._bucket = bucket

    def put(self, photo_id: str, content: bytes) -> None:
        from obstore import put

        name = self._name(photo_id)
        with as_trouble():
            put(self._store, name, content, attributes={"Content-Type": "image/jpeg"})

    def get(self, photo_id: str) -> bytes | None:
        from obstore import get

        name = self._name(photo_id)
        try:
            with as_trouble():
                return bytes(get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def remove(self, photo_id: str) -> None:
        from obstore import delete

        name = self._name(photo_id)
        try:
            with as_trouble():
                delete(self._store, name)
        except FileNotFoundError:
            # It is gone, as it should be.
            return

    def _name(self, photo_id: str) -> str:
        return "/".join([*filter(None, [self._bucket.folder]), _path(photo_id)])

    @cached_property
    def _store(self) -> "S3Store":
        bucket = self._bucket
        login = bucket.bucket, bucket.region, bucket.access_key, bucket.secret.get_secret_value()
        return open_bucket(*login, bucket.endpoint, CALL_SECONDS)


def _path(photo_id: str) -> str:
    if not PHOTO_ID.fullmatch(photo_id):
        raise ValueError("no id of a photo")
    return f"{photo_id[:2]}/{photo_id}.jpg"
