"""A command without settings or PostgreSQL says what to do, without a traceback and without a secret."""

import os
from pathlib import Path

import pytest

from cli import main
from simulators.settings import PARTNERS

SECRET = "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3RzLCAzMiBieXRlcyE="


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BATON_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["baton", "asides", "list"])


def exit_message() -> str:
    with pytest.raises(SystemExit) as end:
        main()
    return str(end.value)


def test_missing_and_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # given one setting, a secret that is too short
    monkeypatch.setenv("BATON_ERP__SECRET", "whsec_c2hvcnQ=")

    # when
    message = exit_message()

    # then each is named by its variable, and the secret is not shown
    assert "  BATON_WMS: Field required" in message
    assert "  BATON_ERP__URL: Field required" in message
    assert "  BATON_ERP__SECRET: " in message
    assert "baton up" in message
    assert "c2hvcnQ" not in message


def test_an_unreachable_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # given settings whose database does not answer
    monkeypatch.setenv("BATON_SECRETS_KEY", "0" * 64)
    monkeypatch.setenv("BATON_DATABASE_URL", "postgresql+psycopg2://baton@127.0.0.1:9/baton")
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", SECRET)

    # when a command runs, then it says so
    assert exit_message().startswith("PostgreSQL does not answer: connection to server")
