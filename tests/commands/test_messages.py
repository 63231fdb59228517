"""`baton messages preview`, as staff use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import app
from models.database import Sessions
from simulators.settings import PARTNERS
from tests.factories import RECEIVER, place_order
from tests.integrations.servers import SECRET


@pytest.fixture
def baton(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", SECRET)
    return CliRunner()


def preview(baton: CliRunner, order_id: str, name: str, tmp_path: Path, text: str = "", language: str = "") -> Result:
    texts: dict[str, Any] = {"*": {"en": {name: {"subject": "Hi", "text": text}}}} if text else {}
    file = tmp_path / "texts.json"
    file.write_text(json.dumps(texts))
    options = ["--texts", str(file), *(["--language", language] if language else [])]
    return baton.invoke(app, ["messages", "preview", order_id, name, *options])


def test_a_message_is_shown_as_the_customer_would_read_it(baton: CliRunner, sessions: Sessions, tmp_path: Path) -> None:
    # given
    order_id = place_order(sessions)

    # when
    shown = preview(baton, order_id, "received", tmp_path, "Dear ${name}: ${total}", "en")
    ours = preview(baton, order_id, "shipped", tmp_path)

    # then
    assert f"[en] Hi\n\nDear {RECEIVER['name']}: 67.97 CNY" in shown.output
    assert ours.output.startswith("[zh-CN] ")
    assert "not known of this order: link, parcel_lines, carrier, waybill" in ours.output


@pytest.mark.parametrize(
    ("name", "text", "language", "named"),
    [
        ("received", "${nam}", "en", "nam is no field"),
        ("sent", "", "", "sent is no message"),
        ("received", "", "English", "English is no language"),
    ],
)
def test_a_message_that_could_not_be_sent_is_refused(
    name: str, text: str, language: str, named: str, baton: CliRunner, sessions: Sessions, tmp_path: Path
) -> None:
    # when
    refused = preview(baton, place_order(sessions), name, tmp_path, text, language)

    # then
    assert refused.exit_code == 2
    assert named in " ".join(refused.output.replace("│", " ").split())


def test_an_unknown_order_is_refused(baton: CliRunner, tmp_path: Path) -> None:
    assert "no order NOBODYS" in preview(baton, "NOBODYS", "received", tmp_path).output
