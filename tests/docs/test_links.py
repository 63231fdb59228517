"""Every link in the pages leads to a page and a heading, and every file that they name exists."""

import re
from pathlib import Path

import pytest

from tests.docs.code import FOLDERS
from tests.docs.draw import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Files that the reader of a recipe is about to write.
EXAMPLES = {
    "activities/coupon.py",
    "integrations/abilities/acme.py",
    "integrations/access/acme.py",
    "integrations/fraud.py",
    "integrations/pulls/acme.py",
    "integrations/pushes/acme.py",
    "integrations/uploads/acme.py",
    "models/migrations/versions/0002_coupons.py",
    "simulators/acme.py",
    "simulators/fraud.py",
    "tests/channels/dialects/acme.py",
    "tests/integrations/test_fraud.py",
}
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w./-]+\.\w+|(?:worker|cli|settings)\.py)`")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        file, _, heading = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        assert to.exists(), f"{named(page)} links to {target}"
        assert not heading or heading in headings(to), f"{named(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = {path for path in NAMED.findall(page.read_text()) if not (ROOT / path).exists()}

    assert missing - EXAMPLES == set()


def test_every_decision_is_listed() -> None:
    directory = ROOT / "docs" / "decisions"
    pages = {page.name for page in directory.glob("*.md")} - {"README.md"}

    assert set(re.findall(r"\]\(([\w-]+\.md)\)", (directory / "README.md").read_text())) == pages


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
