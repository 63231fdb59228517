"""Exports as they are kept: bounded, by the admin only, with no secret shown or stored in the open."""

from typing import Any

import pytest
from sqlalchemy import select

from commands.keys import create_key
from commands.migrate import seal_secrets
from models.database import Sessions
from models.exports import ExportRow
from settings import Settings
from tests.api.conftest import Api, Connect, assert_problem, fields

FOLDER = {"kind": "folder", "folder": "finance/daily"}
S3 = {"kind": "s3", "bucket": "exports", "region": "eu-central-1", "access_key": "AKIA", "secret": "s3cr3t-of-tests"}
SFTP = {"kind": "sftp", "host": "files.example", "user": "baton", "host_key": "ssh-ed25519 AAAA", "folder": "in"}
LATE = {"name": "late", "list": "orders", "filter": {"attention": True}, "cron": "0 3 * * *", "target": FOLDER}


@pytest.fixture
def settings(settings: Settings, tmp_path: Any) -> Settings:
    return settings.model_copy(update={"exports_folder": tmp_path})


@pytest.fixture
def boss(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, "Mo the manager", "admin"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"list": "salaries"}, "list"),
        ({"list": "readyz"}, "list"),
        ({"filter": {"colour": "red"}}, "filter.colour"),
        ({"filter": {"status": "shiny"}}, "filter.status"),
        ({"filter": {"phone": "+8613800138000"}}, "filter.phone"),
        ({"filter": {"cursor": "abc"}}, "filter.cursor"),
        ({"cron": "* * * * *"}, "cron"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"name": "../up"}, "name"),
        ({"format": "pdf"}, "format"),
        ({"target": {"kind": "folder", "folder": "../../etc"}}, "target.folder.folder"),
        ({"target": {"kind": "folder", "folder": "/etc"}}, "target.folder.folder"),
        ({"target": {"kind": "ftp"}}, "target"),
        ({"target": SFTP}, "target.secret"),
        ({"target": S3 | {"endpoint": "ftp://x"}}, "target.s3.endpoint"),
        ({"target": S3 | {"folder": "../x"}}, "target.folder"),
    ],
)
async def test_what_is_wrong_is_named(boss: Api, changes: dict[str, Any], field: str) -> None:
    problem = assert_problem(await boss.post("/exports", json=LATE | changes), 422, "invalid")
    assert fields(problem) == [field]


async def test_only_an_admin_says_where_data_go(staff: Api, tmall: Api, viewer: Api, boss: Api) -> None:
    for api in (staff, tmall, viewer):
        assert_problem(await api.post("/exports", json=LATE), 403, "forbidden")
    made = await boss.post("/exports", json=LATE)
    assert made.status_code == 201, made.text
    assert_problem(await boss.post("/exports", json=LATE), 409, "refused")
    assert (await viewer.get("/exports")).json()["items"] == [made.json()]
    path = f"/exports/{made.json()['export_id']}"
    assert (await boss.post(f"{path}/run")).status_code == 202
    assert (await viewer.get(f"{path}/runs")).json()["items"] == []
    assert (await boss.delete(path)).json()["answer"] == "deleted"
    assert_problem(await viewer.get(path), 404, "not-found")
    # Its name is free.
    assert (await boss.post("/exports", json=LATE)).status_code == 201


async def test_a_deleted_export_takes_no_place(boss: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.exports.exports.MOST_EXPORTS", 2)
    for name in ("one", "two"):
        made = await boss.post("/exports", json=LATE | {"name": name})
    assert_problem(await boss.post("/exports", json=LATE), 409, "refused")
    # Its row stays until Temporal's schedule is gone too.
    await boss.delete(f"/exports/{made.json()['export_id']}")
    assert (await boss.post("/exports", json=LATE)).status_code == 201
    assert_problem(await boss.post("/exports", json=LATE | {"name": "four"}), 409, "refused")


@pytest.mark.parametrize("target", [S3, SFTP | {"secret": "s3cr3t-of-tests"}])
async def test_a_secret_is_sealed_and_never_shown(boss: Api, target: dict[str, Any], sessions: Sessions) -> None:
    made = (await boss.post("/exports", json=LATE | {"target": target})).json()
    assert "secret" not in made["target"]

    def kept() -> str:
        with sessions() as session:
            return str(session.scalars(select(ExportRow.target)).one())

    assert "s3cr3t" not in kept()
    before, change = kept(), seal_secrets
    with sessions.begin() as session:
        assert change(session) == 1
    assert kept() != before
    assert "s3cr3t" not in kept()
