"""Exports on a schedule: a list with its filter is written as its key may read it, whole, and its runs are shown."""

import csv
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from commands.keys import create_key, revoke_keys
from tests.baton import Baton, eventually

NOWHERE = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}


async def last_run(api: httpx2.AsyncClient, export_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        return dict((await api.get(f"/exports/{export_id}")).json()["last_run"] or {})

    return await eventually(look, lambda run: run.get("state") in ("done", "failed"))


def written(folder: Path) -> dict[str, list[str]]:
    """Return the orders of each file."""
    found = {}
    for file in folder.iterdir():
        with file.open(newline="", encoding="utf-8") as rows:
            found[file.name] = [row["order_id"] for row in csv.DictReader(rows)]
    return found


async def test_a_list_is_written_by_its_schedule_and_a_failure_shows(silent: Baton) -> None:
    # given an order, and an export of what is tagged like it
    order_id = await silent.order("EXPORTED", ship_to=NOWHERE)
    tag = f"export-{uuid4().hex[:8]}"
    await silent.api.put(f"/orders/{order_id}/tags/{tag}")
    name = f"Mo {tag}"
    headers = {"Authorization": f"Bearer {create_key(silent.sessions, name, 'admin')}"}
    root = silent.settings.exports_folder
    assert isinstance(root, Path)
    async with httpx2.AsyncClient(base_url=silent.api.base_url, headers=headers) as boss:
        target = {"kind": "folder", "folder": "finance/daily"}
        kept = {"name": tag, "list": "orders", "filter": {"tag": tag}, "cron": "30 6 * * 1-5", "target": target}
        made = await boss.post("/exports", json=kept)
        assert made.status_code == 201, made.text
        export_id = made.json()["export_id"]

        # when it is written
        await boss.post(f"/exports/{export_id}/run")
        run = await last_run(silent.api, export_id)

        # then the file is there as a whole, and nothing else
        assert (run["state"], run["problem"]) == ("done", ""), run
        assert written(root / "finance/daily") == {run["file"]: [order_id]}
        assert run["file"].startswith(f"{tag}-20")
        schedule = await silent.client.get_schedule_handle(f"export/{export_id}").describe()
        assert schedule.schedule.spec.time_zone_name == "Asia/Shanghai"

        # and when the key has ended, the next run says so
        assert revoke_keys(silent.sessions, name) == 1
        await silent.client.get_schedule_handle(f"export/{export_id}").trigger()

    async def runs() -> list[dict[str, Any]]:
        return list((await silent.api.get(f"/exports/{export_id}/runs")).json()["items"])

    newest = (await eventually(runs, lambda seen: seen[0]["state"] == "failed"))[0]
    assert newest["problem"] == "the key was revoked or has expired"
