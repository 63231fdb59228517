"""Who runs the embedded PostgreSQL, and where its socket is."""

import os
import socket
from pathlib import Path

import pytest

from embedded.accounts import Account
from embedded.postgres_programs import PostgresError
from embedded.socket_directory import MAX_SOCKET_PATH, find_socket_directory


def test_root_is_told_why_it_has_no_account_for_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    # given root on a system without useradd
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("embedded.accounts.ACCOUNT_NAME", "nobody-of-this-name")
    monkeypatch.setenv("PATH", "")

    with pytest.raises(PostgresError, match=r"does not run as root.*useradd"):
        Account()


def test_the_longest_path_of_a_socket_is_known(tmp_path: Path) -> None:
    def bind(length: int) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / ("s" * (length - len(str(tmp_path)) - 1))))

    bind(MAX_SOCKET_PATH)
    with pytest.raises(OSError, match="too long"):
        bind(MAX_SOCKET_PATH + 1)


def test_a_link_in_the_place_of_the_sockets_folder_is_refused(tmp_path: Path) -> None:
    """Root would give the folder behind it to another account."""
    # given data with a long path, whose socket is in the folder for all
    data = tmp_path / ("warehouse-" * 12)
    data.mkdir()
    folder = find_socket_directory(data, 5432, shared=tmp_path)
    assert folder.parent == tmp_path

    # when somebody else puts a link there
    folder.rmdir()
    folder.symlink_to(tmp_path)

    # then it is not used
    with pytest.raises(PostgresError, match="is a link"):
        find_socket_directory(data, 5432, shared=tmp_path)
