"""No regular expression on external input may backtrack catastrophically (ReDoS)."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from domain.people import redact

ROOT = Path(__file__).parents[2]
ROOMS = ("activities", "api", "domain", "integrations", "models", "record", "relay", "workflows")
REPEATS = (parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT)
MAX_HARMLESS_REPEATS = 16


def _patterns() -> Iterator[tuple[str, str]]:
    """Compiled patterns of every module, in tables and rules too, and literals in calls of `re`."""
    files = chain.from_iterable((ROOT / room).rglob("*.py") for room in ROOMS)
    for file in (one for one in files if "migrations" not in one.parts):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        if name.startswith("domain.remarks.training"):
            continue
        for value in vars(importlib.import_module(name)).values():
            for pattern in _compiled(value):
                yield name, pattern.pattern
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re."):
                match call.args:
                    case [ast.Constant(str(pattern)), *_]:
                        yield name, pattern


def _compiled(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _compiled(one)
    elif hasattr(type(value), "__slots__") and is_dataclass(value):
        for field in fields(value):
            yield from _compiled(getattr(value, field.name, None))


def _nested(tree: Any, inside: bool = False) -> bool:
    """True if a repetition of more than MAX_HARMLESS_REPEATS contains or is inside another one."""
    for kind, content in tree:
        if kind in REPEATS:
            _, most, inner = content
            if (most > MAX_HARMLESS_REPEATS and inside) or _nested(inner, inside or most > MAX_HARMLESS_REPEATS):
                return True
        elif kind is parser.SUBPATTERN:
            if _nested(content[-1], inside):
                return True
        elif kind is parser.BRANCH:
            if any(_nested(branch, inside) for branch in content[1]):
                return True
        elif kind in (parser.ASSERT, parser.ASSERT_NOT) and _nested(content[1], inside):
            return True
    return False


def test_no_pattern_nests_repetitions() -> None:
    patterns = set(_patterns())
    assert len(patterns) > 60
    assert [(name, pattern) for name, pattern in patterns if _nested(parser.parse(pattern))] == []


@pytest.mark.parametrize("pattern", [r"(a+)+", r"(?:[ab]*c?)*", r"(?:x|(?:a{1,40})*)", r"(.*,){20}"])
def test_nested_repetitions_are_found(pattern: str) -> None:
    assert _nested(parser.parse(pattern))


@pytest.mark.parametrize("text", ["1" * 100, "1" * 2_000, "1 " * 1_000, "1-" * 50 + "2"])
def test_redacting_a_phone_of_equal_digits_is_fast(text: str) -> None:
    # A pattern with one optional group for each digit took 70 seconds of the event loop for 35 digits.
    redacted = redact(text, {"phone": "1" * 39 + "*", "name": "Li Lei " * 28, "lines": ["Nanjing Road " * 15] * 6})
    assert len(redacted) <= len(text)
