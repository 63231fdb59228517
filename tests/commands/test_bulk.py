"""`baton bulk` asks for a bulk, shows how far it is, and says what was not done."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from api.app import create_app
from cli import app
from commands import bulk
from commands.keys import create_key
from domain.bulk import Outcome
from models.database import Sessions
from record.bulks import next_work, open_bulks, settle_item
from settings import Settings
from tests.factories import an_order, place_orders
from tests.integrations.servers import serving

TAG = ["bulk", "tag", "--set", "tag=urgent"]


@pytest.fixture
def arguments(settings: Settings, sessions: Sessions) -> Iterator[list[str]]:
    """The API without a worker, and a key to it."""
    key = create_key(sessions, "Sun of support", "staff")
    with serving(create_app(settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))) as url:
        yield ["--url", url, "--key", key]


def test_a_bulk_is_followed_to_its_end(
    arguments: list[str], sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [order_id] = place_orders(sessions, [an_order()])
    names = tmp_path / "ids.txt"
    names.write_text(f"{order_id}\nNONE\n")
    asked = [*TAG, "--ids", str(names), *arguments]

    dry = CliRunner().invoke(app, [*asked, "--dry-run"])
    assert (dry.exit_code, "would be done for 1 of 2" in dry.output) == (0, True), dry.output

    def work(seconds: float) -> None:
        """Do what a worker would while the command waits."""
        with sessions.begin() as session:
            [bulk_id] = open_bulks(session)
            done = {order_id: Outcome("done"), "NONE": Outcome("not_found", "not-found", "there is no such order")}
            for item in next_work(session, bulk_id, 10).items:  # type: ignore[union-attr]
                settle_item(session, bulk_id, item.item_no, done[item.subject_id])
            session.flush()
            session.expire_all()
            assert next_work(session, bulk_id, 10) is None

    monkeypatch.setattr(bulk, "time", SimpleNamespace(sleep=work, monotonic=time.monotonic))
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 1, ran.output
    assert "1 done, 1 not_found" in ran.output
    assert "there is no such order" in ran.output


def test_what_is_refused_is_said(arguments: list[str]) -> None:
    for more, said in ((["--filter", "colour=red"], "filter.colour"), ([], "give either a filter or ids")):
        ran = CliRunner().invoke(app, [*TAG, *more, *arguments])
        assert (ran.exit_code, said in ran.output) == (1, True), ran.output
    assert CliRunner().invoke(app, [*TAG, "--filter", "nonsense", *arguments]).exit_code == 2
