"""Photos in a folder and in S3: each is there as a whole, and after its removal nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from domain.errors import PartnerTrouble
from integrations.photo_keepers import BucketKeeper, FolderKeeper, PhotoBucket, PhotoKeeper
from tests.integrations.bucket import Bucket, serving_bucket

PHOTO, OTHER = "0" * 32, "f" * 32
LOGIN = {"bucket": "photos", "region": "eu-central-1", "access_key": "AKIATESTS", "folder": "of/customers"}


def keeper_at(url: str) -> BucketKeeper:
    return BucketKeeper(PhotoBucket(**LOGIN, secret=SecretStr("a secret of tests"), endpoint=url))


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving_bucket() as bucket:
        yield bucket


@pytest.fixture(params=["folder", "bucket"])
def keeper(request: pytest.FixtureRequest, bucket: Bucket, tmp_path: Path) -> PhotoKeeper:
    return FolderKeeper(tmp_path) if request.param == "folder" else keeper_at(bucket.url)


def test_each_call_may_be_repeated(keeper: PhotoKeeper) -> None:
    assert keeper.get(PHOTO) is None
    for _ in range(2):
        keeper.put(PHOTO, b"a lamp")
    keeper.put(OTHER, b"another")
    assert (keeper.get(PHOTO), keeper.get(OTHER)) == (b"a lamp", b"another")
    for _ in range(2):
        keeper.remove(PHOTO)
    assert (keeper.get(PHOTO), keeper.get(OTHER)) == (None, b"another")


@pytest.mark.parametrize("name", ["../../etc/passwd", "0" * 31, "0" * 31 + "G", ""])
def test_no_other_name_is_reached(keeper: PhotoKeeper, name: str) -> None:
    for call in (keeper.get, keeper.remove, lambda photo_id: keeper.put(photo_id, b"x")):
        with pytest.raises(ValueError, match="no id of a photo"):
            call(name)


def test_a_bucket_is_asked_with_a_signature_for_plain_names(bucket: Bucket) -> None:
    bucket.objects.clear()
    keeper_at(bucket.url).put(PHOTO, b"a lamp")
    assert bucket.objects == {f"photos/of/customers/00/{PHOTO}.jpg": b"a lamp"}
    assert bucket.signatures[-1].startswith("AWS4-HMAC-SHA256 Credential=AKIATESTS/")


def test_a_bucket_that_cannot_be_reached_is_trouble_and_says_no_more() -> None:
    keeper = keeper_at("http://127.0.0.1:9")
    for call in (keeper.get, keeper.remove, lambda photo_id: keeper.put(photo_id, b"x")):
        with pytest.raises(PartnerTrouble, match=r"^s3: \w+$"):
            call(PHOTO)


@pytest.mark.parametrize("wrong", [{"endpoint": "ftp://x"}, {"bucket": "No"}, {"folder": "../up"}, {"region": "a b"}])
def test_what_is_no_bucket_keeps_a_process_from_starting(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PhotoBucket.model_validate(LOGIN | {"secret": "x"} | wrong)
