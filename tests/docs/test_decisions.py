"""Every page of docs/decisions has a date, a status, the alternatives, and files and tests that enforce it."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.docs.code import names_in
from tests.docs.draw import ROOT

DIRECTORY = ROOT / "docs" / "decisions"
PAGES = sorted(page for page in DIRECTORY.glob("*.md") if page.name != "README.md")
PARTS = ["**Context.**", "**Decision.**", "**Alternatives**", "**Consequences**", "**Enforced by**"]
STATUS = re.compile(r"accepted|superseded by \[.+\]\([\w-]+\.md\)")

# `path/file.py`, and behind it in parentheses the names or the check that matter there.
ENFORCER = re.compile(r"`([\w./-]+)`(?: \(((?:`\w+`(?:, )?)+)\))?")


def name_of(page: Path) -> str:
    return page.stem


def enforced_by(page: Path) -> str:
    return page.read_text().partition("**Enforced by**")[2]


def files_of(page: Path) -> dict[str, list[str]]:
    """The files that enforce the decision, each with the names that must be in it."""
    found = [(path, re.findall(r"\w+", names)) for path, names in ENFORCER.findall(enforced_by(page))]
    return {path: names for path, names in found if "/" in path or path.startswith(".")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_decision_has_a_date_and_a_status(page: Path) -> None:
    head = dict(re.findall(r"^- (\w+): (.+)$", page.read_text().partition("**Context.**")[0], re.MULTILINE))

    assert date.fromisoformat(head["Date"])
    assert STATUS.fullmatch(head["Status"]), head["Status"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_decision_has_its_parts_in_order_and_two_alternatives_or_more(page: Path) -> None:
    # when
    text = page.read_text()
    found = [part for part in re.findall(r"^\*\*[\w ]+\.?\*\*", text, re.MULTILINE) if part in PARTS]

    # then
    alternatives = text.partition("**Alternatives**")[2].partition("\n**")[0]
    assert found == PARTS
    assert len(re.findall(r"^- \S.+?: ", alternatives, re.MULTILINE)) >= 2, "an alternative, a colon, why not"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_files_that_enforce_a_decision_exist_and_one_is_a_test(page: Path) -> None:
    files = files_of(page)

    assert [path for path in files if not (ROOT / path).is_file()] == []
    assert any(path.startswith("tests/") for path in files)
    assert any(not path.startswith("tests/") for path in files)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_decision_names_in_a_file_is_there(page: Path) -> None:
    missing = {
        path: lost
        for path, names in files_of(page).items()
        if (lost := [name for name in names if name not in names_in(ROOT / path)])
    }

    assert missing == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_checks_and_contracts_that_a_decision_quotes_exist(page: Path) -> None:
    quoted = re.findall(r'"([^"]+)"', enforced_by(page))
    texts = [(ROOT / path).read_text() for path in files_of(page)]

    assert [
        quote for quote in quoted if not any(quote in text or quote.replace(" ", "_") in text for text in texts)
    ] == []
