"""docs/support.md explains every code of a hold or alert, and every search attribute."""

import re
from pathlib import Path

from domain.audit_rules import AUDIT_RULES
from workflows.search_attributes import ALL

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "support.md").read_text()
EXPLAINED = set(re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.MULTILINE))

# Only codes of holds and alerts are written as texts of capitals.
CODE = re.compile(r'"([A-Z][A-Z_]{3,})"')
SOURCES = (
    ROOT / "domain" / "disputes.py",
    ROOT / "domain" / "elsewhere.py",
    ROOT / "domain" / "milestones.py",
    ROOT / "domain" / "money_alerts.py",
    ROOT / "domain" / "payment_terms.py",
    ROOT / "domain" / "promises.py",
    ROOT / "domain" / "rules" / "staff_rules.py",
    ROOT / "domain" / "statement_books.py",
    ROOT / "record" / "orders" / "counter_sales.py",
    *sorted((ROOT / "domain" / "checks").glob("*.py")),
    *sorted((ROOT / "workflows").glob("*.py")),
)


def codes_in_the_source() -> set[str]:
    return {code for path in SOURCES for code in CODE.findall(path.read_text())}


def test_every_code_in_the_source_is_explained() -> None:
    assert codes_in_the_source() - EXPLAINED == set(), "add a row to the tables of docs/support.md"


def test_every_explained_code_is_in_the_source() -> None:
    assert EXPLAINED - codes_in_the_source() == set()


def test_there_are_more_codes_than_audit_rules() -> None:
    assert len(codes_in_the_source()) > len(AUDIT_RULES)


def test_every_search_attribute_is_explained() -> None:
    explained = set(re.findall(r"^\| `([A-Z][a-zA-Z]+)` \|", TEXT, re.MULTILINE)) - EXPLAINED

    assert explained == {key.name for key in ALL}
