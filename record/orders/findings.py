"""Findings of an audit as its row has them: most checks of most orders pass, and these are one entry."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from domain.audit_facts import PASS, Finding
from models.packed import pack, unpack

RULES = "rules"
"""The field with the names of the rules that passed; null where another finding has its place."""
_SAID = attrgetter(*(field.name for field in fields(Finding) if field.name != "rule"))


def fold(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as JSON, those that only passed in one entry at the end."""
    plain = next((one for one in findings if one.verdict == PASS), None)
    if plain is None:
        return [finding.as_json() for finding in findings]
    said = _SAID(plain)
    rules = [one.rule if _SAID(one) == said else None for one in findings]
    others = [one.as_json() for one, rule in zip(findings, rules, strict=True) if rule is None]
    shared = {name: value for name, value in plain.as_json().items() if name != "rule"}
    return [*others, shared | {RULES: pack(rules)}]


def unfold(stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings in their sequence. Rows of older versions have each by itself."""
    if not stored or RULES not in stored[-1]:
        return list(stored)
    *others, plain = stored
    return list(_in_sequence(iter(others), plain, unpack(plain[RULES])))


def _in_sequence(
    others: Iterator[dict[str, Any]], plain: dict[str, Any], rules: Sequence[str | None]
) -> Iterator[dict[str, Any]]:
    shared = {name: value for name, value in plain.items() if name != RULES}
    for rule in rules:
        yield next(others) if rule is None else {"rule": rule} | shared
