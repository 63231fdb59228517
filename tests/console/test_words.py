"""Both languages of the page have all words, and every code that may be shown has some."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from console.pages import KNOWN
from console.track.view import DONE, STEPS
from console.words import CHINESE, ENGLISH, Words, choose_language
from domain.self_service import Act
from domain.status import ReturnStatus, TrackingStatus
from domain.waiting import CODES

ROOT = Path(__file__).parents[2] / "console"
TABLES: dict[str, dict[str, dict[str, str]]] = {
    language: tomllib.loads((ROOT / "words" / f"{language}.toml").read_text()) for language in (CHINESE, ENGLISH)
}
TEMPLATES = "".join(path.read_text() for path in ROOT.rglob("*.html"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_words() -> None:
    names = [{(table, name) for table, words in one.items() for name in words} for one in TABLES.values()]

    assert names[0] == names[1]


def test_no_words_name_a_value_that_the_other_language_is_not_given() -> None:
    for table, words in TABLES[ENGLISH].items():
        assert {name: fields(words[name]) for name in words} == {
            name: fields(TABLES[CHINESE][table][name]) for name in words
        }


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_every_code_has_words(language: str) -> None:
    words = TABLES[language]

    assert words["waiting"].keys() == words["waiting_more"].keys() == CODES
    assert words["returns"].keys() == set(ReturnStatus)
    assert words["tracking"].keys() == set(TrackingStatus)
    assert words["done"].keys() == DONE
    assert set(Act) <= words["acts"].keys() & (words["refused"].keys())
    assert set(STEPS) <= words["steps"].keys()
    assert {f"title_{status}" for status in KNOWN} <= words["errors"].keys()


def test_templates_name_words_that_exist() -> None:
    # Those that end in a placeholder are checked with their codes.
    named = set(re.findall(r'words\("([a-z_]+)\.([a-z_]+)"', TEMPLATES))

    assert {(table, name) for table, name in named if name not in TABLES[ENGLISH].get(table, {})} == set()


@pytest.mark.parametrize(
    ("wished", "accepted", "chosen"),
    [
        ("en", "zh-CN", ENGLISH),
        (None, "zh-Hant-TW,en;q=0.8", CHINESE),
        (None, "fr;q=0.9, en;q=0.2, zh;q=0.5", CHINESE),
        ("xx", "", ENGLISH),
        (None, "zh;q=broken,*", ENGLISH),
    ],
)
def test_the_switch_comes_before_the_browser(wished: str | None, accepted: str, chosen: str) -> None:
    assert choose_language(wished, accepted) == chosen


def test_times_are_those_of_the_receivers_country() -> None:
    at = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)

    assert Words(CHINESE, "CN")("waiting_more.packing_by", at=at) == "最晚 2026年12月1日 周二 00:30 发出。"
    assert Words(ENGLISH, "DE")("waiting_more.planned", at=at).endswith("2026-11-30 16:30 UTC.")
