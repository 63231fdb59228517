"""Where exports go: a folder, SFTP or S3. A file is there as a whole or not at all, and a second try replaces it."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.errors import ExportRefused, PartnerTrouble
from integrations.s3 import as_trouble, open_bucket

CONNECT_SECONDS, SEND_SECONDS = 15, 1_800
FOLDER_MODE = 0o750


async def deliver(target: Mapping[str, Any], root: Path | None, file: Path, name: str) -> None:
    """Bring a file to its target under this name. Raises ExportRefused, or PartnerTrouble for what may pass."""
    kind = target["kind"]
    try:
        async with asyncio.timeout(SEND_SECONDS):
            if kind == "folder":
                await asyncio.to_thread(_to_folder, target, root, file, name)
            elif kind == "sftp":
                await _to_sftp(target, file, name)
            else:
                await _to_s3(target, file, name)
    except (OSError, TimeoutError) as trouble:
        # Texts of errors may hold addresses and names; the kind says enough.
        raise PartnerTrouble(f"{kind}: {type(trouble).__name__}") from None
    except UnicodeError:
        # A name such as `a..b` cannot be asked for.
        raise ExportRefused(f"{kind}: its host is no name of a host") from None


def _to_folder(target: Mapping[str, Any], root: Path | None, file: Path, name: str) -> None:
    if root is None:
        raise ExportRefused("folder: BATON_EXPORTS_FOLDER is not set")
    folder = (root / target["folder"]).resolve()
    # A link below the folder may lead out of it.
    if not folder.is_relative_to(root.resolve()):
        raise ExportRefused("folder: it leads out of BATON_EXPORTS_FOLDER")
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft = folder / f".{name}.part"
    with file.open("rb") as source, draft.open("wb") as out:
        shutil.copyfileobj(source, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(folder / name)


async def _to_sftp(target: Mapping[str, Any], file: Path, name: str) -> None:
    # Imported when it is needed, as obstore below: most workers never write an export.
    import asyncssh

    try:
        await _send_by_sftp(target, file, name)
    except asyncssh.HostKeyNotVerifiable:
        raise ExportRefused("sftp: the server has another host key") from None
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError):
        raise ExportRefused("sftp: the server does not let the user in") from None
    except asyncssh.Error as trouble:
        raise PartnerTrouble(f"sftp: {type(trouble).__name__}") from None


async def _send_by_sftp(target: Mapping[str, Any], file: Path, name: str) -> None:
    import asyncssh

    host, port = target["host"], target["port"]
    known = asyncssh.import_known_hosts(f"[{host}]:{port} {target['host_key']}\n{host} {target['host_key']}\n")
    key = target.get("key")
    async with (
        asyncssh.connect(
            host,
            port,
            username=target["user"],
            password=target.get("secret"),
            client_keys=[asyncssh.import_private_key(key)] if key else None,
            known_hosts=known,
            agent_path=None,
            config=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        folder = target["folder"]
        await sftp.makedirs(folder, exist_ok=True)
        draft = f"{folder}/.{name}.part"
        await sftp.put(file, draft)
        # By the extension of OpenSSH it takes the place of an older file at once.
        await sftp.posix_rename(draft, f"{folder}/{name}")


async def _to_s3(target: Mapping[str, Any], file: Path, name: str) -> None:
    from obstore import put_async

    login = target["bucket"], target["region"], target["access_key"], target["secret"]
    store = open_bucket(*login, target.get("endpoint"), SEND_SECONDS)
    try:
        with as_trouble():
            # An object appears when it is whole, also one that is uploaded in parts.
            await put_async(store, "/".join([*filter(None, [target["folder"]]), name]), file)
    except FileNotFoundError:
        raise PartnerTrouble("s3: there is no such bucket") from None
