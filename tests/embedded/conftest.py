"""Where the servers of these tests keep their data."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that stays open to the server's account: another session of pytest closes those of `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="baton-tests-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)
