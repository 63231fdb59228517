"""Where exports go: a whole file or none, and a second try replaces the first; over real SFTP, and S3's own words."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from domain.errors import ExportRefused, PartnerTrouble
from integrations.export_targets import deliver
from tests.integrations.bucket import serving_bucket

NAME = "orders-2026-12-01-0630.csv"
SECRET = "a password of the tests"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "mine.csv"
    written.write_text("order_id\nA\n")
    return written


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def write(file: Path, text: str) -> None:
    file.write_text(text)


def there(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir()}


async def test_a_folder_has_the_file_as_a_whole_and_once(root: Path, file: Path) -> None:
    target = {"kind": "folder", "folder": "finance/daily"}
    for text in ("order_id\nA\n", "order_id\nA\nB\n"):
        write(file, text)
        await deliver(target, root, file, NAME)
        assert there(root / "finance/daily") == {NAME: text}


async def test_no_folder_and_no_link_leads_out(root: Path, file: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="is not set"):
        await deliver({"kind": "folder", "folder": "x"}, None, file, NAME)
    (tmp_path / "outside").mkdir()
    os.symlink(tmp_path / "outside", root / "link")
    with pytest.raises(ExportRefused, match="leads out"):
        await deliver({"kind": "folder", "folder": "link"}, root, file, NAME)
    assert there(tmp_path / "outside") == {}


async def test_a_folder_that_cannot_be_written_is_tried_again(root: Path, file: Path) -> None:
    (root / "finance").write_text("a file where a folder should be")
    with pytest.raises(PartnerTrouble, match="folder: "):
        await deliver({"kind": "folder", "folder": "finance"}, root, file, NAME)


class Users(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("baton", SECRET)


@asynccontextmanager
async def sftp_server(root: Path) -> AsyncIterator[dict[str, Any]]:
    host_key = asyncssh.generate_private_key("ssh-ed25519")

    def files(channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(root))

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Users, server_host_keys=[host_key], sftp_factory=files
    )
    key = " ".join(host_key.export_public_key().decode().split()[:2])
    login = {"user": "baton", "secret": SECRET, "host_key": key, "folder": "in/daily"}
    async with server:
        yield {"kind": "sftp", "host": "127.0.0.1", "port": server.get_port(), **login}


async def test_sftp_has_the_file_as_a_whole_and_once(root: Path, file: Path) -> None:
    async with sftp_server(root) as target:
        for text in ("order_id\nA\n", "order_id\nA\nB\n"):
            write(file, text)
            await deliver(target, None, file, NAME)
            assert there(root / "in/daily") == {NAME: text}


async def test_an_unknown_server_and_a_wrong_password_are_refused(root: Path, file: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2]
    async with sftp_server(root) as target:
        with pytest.raises(ExportRefused, match="another host key"):
            await deliver(target | {"host_key": " ".join(other)}, None, file, NAME)
        with pytest.raises(ExportRefused, match="does not let the user in"):
            await deliver(target | {"secret": "another"}, None, file, NAME)
    with pytest.raises(PartnerTrouble, match="sftp: "):
        await deliver(target, None, file, NAME)
    assert there(root) == {}


async def test_s3_has_the_object_after_one_signed_request(file: Path) -> None:
    keys = {"access_key": "AKIATESTS", "secret": SECRET, "region": "eu-central-1"}
    with serving_bucket() as bucket:
        target = {"kind": "s3", "bucket": "exports", "endpoint": bucket.url, "folder": "daily", **keys}

        await deliver(target, None, file, NAME)

    assert bucket.objects == {f"exports/daily/{NAME}": b"order_id\nA\n"}
    [signature] = bucket.signatures
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=AKIATESTS/")
    with pytest.raises(PartnerTrouble, match="s3: "):
        await deliver(target | {"endpoint": "http://127.0.0.1:9"}, None, file, NAME)


async def test_amazons_own_s3_needs_no_endpoint(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[Any, str]]()

    async def put(store: Any, path: str, content: Path) -> None:
        asked.append((store, path))

    monkeypatch.setattr("obstore.put_async", put)
    target = {"bucket": "finance", "region": "eu-west-1", "access_key": "AK", "secret": SECRET, "folder": "daily"}

    await deliver({"kind": "s3"} | target, None, file, NAME)

    [(store, path)] = asked
    assert (store.config["bucket"], store.config["region"], path) == ("finance", "eu-west-1", f"daily/{NAME}")


async def test_a_host_that_is_no_name_is_refused(file: Path) -> None:
    target = {"kind": "sftp", "host": "a..b", "port": 22, "user": "u", "host_key": "ssh-rsa AAAA", "secret": SECRET}

    with pytest.raises(ExportRefused, match="no name of a host"):
        await deliver(target | {"folder": "daily"}, None, file, NAME)
