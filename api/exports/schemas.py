"""Exports as they are sent and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from api.bulk.schemas import FilterName, FilterText
from api.schemas import NO_CONTROLS, Answer, Body
from domain.exports import check_cron, check_folder, check_zone


def _checked(check: Any) -> AfterValidator:
    def checked(text: str) -> str:
        check(text)
        return text

    return AfterValidator(checked)


Folder = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROLS), _checked(check_folder)]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")]
Plain = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Secret = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_CONTROLS)]


class FolderTarget(Body):
    """A folder below `BATON_EXPORTS_FOLDER` of the workers' machines."""

    kind: Literal["folder"]
    folder: Folder


class SftpTarget(Body):
    """A server of SFTP, which is believed by its `host_key` only (the type and the key, as in known_hosts). It lets the
    user in by a password, `secret`, or by a private key in the form of OpenSSH."""

    kind: Literal["sftp"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    user: Plain
    host_key: Annotated[str, Field(max_length=2_000, pattern=r"^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+$")]
    secret: Secret | None = None
    key: Annotated[str | None, Field(max_length=10_000, pattern=r"^-----BEGIN [ -~\r\n]+$")] = None
    folder: Folder


class S3Target(Body):
    """A bucket of S3, or of what speaks its language at an `endpoint`."""

    kind: Literal["s3"]
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    endpoint: Annotated[str | None, Field(max_length=300, pattern=r"^https?://[A-Za-z0-9.:-]+$")] = None
    access_key: Plain
    secret: Secret
    folder: Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)] = ""


class ExportBody(Body):
    """A list with its filters, written to a target as often as `cron` says: minute, hour, day of the month, month, day
    of the week (0 is Sunday), by the clock of `zone`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="Its files begin with it")]
    list: Annotated[str, Field(pattern=r"^[a-z-]+(/[a-z-]+)*$", description="Such as orders or stock/movements")]
    filter: Annotated[dict[FilterName, FilterText | bool], Field(max_length=30, default_factory=dict)]
    format: Literal["csv", "xlsx"] = "csv"
    cron: Annotated[str, Field(max_length=100, pattern=NO_CONTROLS), _checked(check_cron)]
    zone: Annotated[str, Field(max_length=60, pattern=NO_CONTROLS), _checked(check_zone)] = "Asia/Shanghai"
    target: Annotated[FolderTarget | SftpTarget | S3Target, Field(discriminator="kind")]


class RunAnswer(Answer):
    """One run. `problem` says what failed at the last of its `tries`."""

    run_id: int
    due_at: datetime
    started_at: datetime
    ended_at: datetime | None
    state: Literal["running", "done", "failed"]
    tries: int
    file: str
    bytes: int | None
    problem: str


class ExportAnswer(Answer):
    """One export; the secrets of its target are not shown. `last_run` is null before the first one."""

    export_id: str
    name: str
    list: str
    filter: dict[str, Any]
    format: str
    cron: str
    zone: str
    target: dict[str, Any]
    by: str
    created_at: datetime
    last_run: RunAnswer | None


class ExportDeleted(Answer):
    export_id: str
    answer: Literal["deleted"]


class RunAsked(Answer):
    export_id: str
    answer: Literal["asked"]
