"""The secrets of docker-compose.yml are files that one command makes, and each service gets only its own."""

import re
import stat
from pathlib import Path

import pytest

from deploy.make_secrets import SECRETS, make_secrets
from settings import Partner, Settings
from tests.deploy.compose import COMPOSE, ROOT, SERVICES, TEXT, secret_files, secret_sources


def test_one_command_makes_the_missing_secrets_as_files(tmp_path: Path) -> None:
    # given the secrets of the compose file
    files = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert files == {name: f"./secrets/{name}" for name in SECRETS}

    # when they are made, twice
    made = make_secrets(tmp_path / "secrets")
    before = {name: (tmp_path / "secrets" / name).read_text() for name in made}
    again = make_secrets(tmp_path / "secrets")

    # then each exists, none is made twice, and no other account may read them
    assert set(made) == set(SECRETS)
    assert again == []
    assert before == {name: (tmp_path / "secrets" / name).read_text() for name in made}
    assert len(set(before.values())) == len(SECRETS)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_no_secret_is_in_the_environment() -> None:
    names = [name for service in SERVICES.values() for name in service.get("environment", {})]

    assert [name for name in names if re.search(r"SECRET|PASSWORD|_KEY|_PWD", name)] == ["POSTGRES_PASSWORD_FILE"]
    assert re.findall(r"\$\{\w*(?:SECRET|PASSWORD|KEY|PWD)", TEXT) == []
    assert "/secrets/" in (ROOT / ".gitignore").read_text()
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()


def test_baton_reads_its_secrets_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given the files that the worker finds
    monkeypatch.chdir(tmp_path)
    make_secrets(tmp_path / "made")
    (tmp_path / "run").mkdir()
    for secret in SERVICES["worker"]["secrets"]:
        source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
        (tmp_path / "run" / target).write_text((tmp_path / "made" / source).read_text() + "\n")
    for name in ("WMS", "TMS", "PAYMENTS", "ERP", "CRM", "CHANNEL", "INBOX"):
        monkeypatch.setenv(f"BATON_{name}__URL", f"https://{name.lower()}.example.com")
    monkeypatch.setenv("BATON_DATABASE_URL", SERVICES["worker"]["environment"]["BATON_DATABASE_URL"])

    # when the worker reads its settings
    settings = Settings(_env_file=None, _secrets_dir=tmp_path / "run")

    # then they have the secrets
    password = (tmp_path / "made" / "DATABASE_PASSWORD").read_text()
    assert settings.database_url == f"postgresql+psycopg2://baton:{password}@postgres:5432/baton"
    assert settings.wms.secret.get_secret_value() == (tmp_path / "made" / "BATON_WMS__SECRET").read_text()
    assert settings.trace_key is not None


def test_only_the_worker_has_the_signing_key() -> None:
    assert [name for name in SERVICES if "BATON_TRACE_KEY" in secret_sources(name)] == ["worker"]


def test_a_partner_and_its_simulator_share_a_secret() -> None:
    shared = {one["target"]: one["source"] for one in SERVICES["simulators"]["secrets"]}
    partners = [name.upper() for name, field in Settings.model_fields.items() if field.annotation is Partner]

    assert shared == {f"SIMULATORS_{name}_SECRET": f"BATON_{name}__SECRET" for name in partners}
    assert set(shared.values()) <= secret_files("api") & secret_files("worker")
