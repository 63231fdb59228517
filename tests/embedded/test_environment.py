"""The environment of the services, which stays the same from run to run."""

import base64
import os
import socket
from pathlib import Path

import pytest

from embedded.environment import (
    PARTNERS,
    Ports,
    PortTaken,
    choose_ports,
    environment,
    new_secret,
    read_environment,
    write_environment,
)
from embedded.lock import AlreadyRunning, DirectoryLock, PortClaims
from settings import Settings

PORTS = {"api": 18080, "temporal": 17233, "ui": 18233, "simulators": 18090, "api_metrics": 18081, "worker": 18071} | {
    "console": 18088
}


def test_settings_read_the_written_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a data directory whose name needs escaping
    for name in [name for name in os.environ if name.startswith("BATON_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "env"
    url = "postgresql+psycopg2://postgres@/baton?host=/Users/ann/Ann's $HOME data"

    # when its environment is written and read by a service
    write_environment(file, environment(tmp_path, url, PORTS, 0.5, {}))
    settings = Settings(_env_file=file)

    # then the values are the same, and nobody else can read the secrets
    assert settings.database_url == url
    assert settings.wms.url == "http://127.0.0.1:18090/wms"
    assert settings.api_port == 18080
    assert file.stat().st_mode & 0o777 == 0o600


def test_secrets_and_ports_outlive_a_restart(tmp_path: Path) -> None:
    # given the environment of a first run
    file = tmp_path / "env"
    first = environment(tmp_path, "postgresql+psycopg2://one", PORTS, 0.5, {})
    write_environment(file, first)

    # when the second run starts from it
    before = read_environment(file)
    second = environment(tmp_path, "postgresql+psycopg2://one", choose_ports(Ports(), before), 0.5, before)

    # then it is the same
    assert second == first


def test_each_partner_shares_one_secret_with_baton() -> None:
    values = environment(Path("data"), "", PORTS, 0, {})

    secrets = {partner: values[f"BATON_{partner.upper()}__SECRET"] for partner in PARTNERS}

    assert len(set(secrets.values())) == len(PARTNERS)
    assert secrets == {partner: values[f"SIMULATORS_{partner.upper()}_SECRET"] for partner in PARTNERS}


def test_a_secret_holds_32_random_bytes() -> None:
    prefix, _, rest = new_secret().partition("_")

    assert prefix == "whsec"
    assert len(base64.b64decode(rest)) == 32


def test_a_port_in_use_is_skipped_unless_it_was_requested() -> None:
    # given a port that somebody listens on
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        # when it was only the port of the last run, then another one is taken
        assert choose_ports(Ports(), {"BATON_API_PORT": str(taken)})["api"] != taken

        # when it was requested, then that is an error
        with pytest.raises(PortTaken, match=f"port {taken} for api"):
            choose_ports(Ports(api=taken), {})


def test_one_process_at_a_time_holds_a_data_directory(tmp_path: Path) -> None:
    # given a lock that is held
    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    first.acquire()

    # when another process tries, then the error names the holder
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        second.acquire()

    # when the first releases it, then the second gets it
    first.release()
    second.acquire()
    assert second.held
    second.release()


def test_two_stacks_that_start_at_once_choose_different_ports() -> None:
    # given two stacks that do not listen yet
    first, second = PortClaims(), PortClaims()
    ports = choose_ports(Ports(), {}, first.take)

    # when the second chooses, and again after the first has released its ports
    others = choose_ports(Ports(), {}, second.take)
    first.release()
    after = second.take(ports["api"])
    second.release()

    # then they have no port in common, and a released port is free
    assert not set(ports.values()) & set(others.values())
    assert after
