"""The documentation's site has every page."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]


def test_every_page_stands_in_the_navigation() -> None:
    listed = [page for entry in SITE["nav"] for page in entry.values()]

    assert sorted(listed) == sorted([*(page.name for page in (ROOT / "docs").glob("*.md")), "decisions/README.md"])
