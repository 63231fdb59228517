"""One version for the package, its API and its workers."""

import tomllib
from pathlib import Path

from domain.version import VERSION


def test_the_version_is_that_of_the_package() -> None:
    package = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())

    assert package["project"]["version"] == VERSION
