"""Templates of customer messages by message, language and channel: those of staff first, then Baton's own.

A template is a subject and a text with `${field}`s (domain/contents/fields.py); `$$` is a dollar sign. Templates are
checked when they are saved, so that none fails when it is sent.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from domain.contents.fields import FIELDS

EVERYWHERE = "*"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?")
LAST_RESORT = "en"
LONGEST_SUBJECT, LONGEST_TEXT = 200, 5_000


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    text: str


Texts = Mapping[str, Mapping[str, Mapping[str, Text]]]
"""By channel (`*` for all), language and name of the message."""


def read_texts(value: Any) -> Texts:
    """`{"*": {"en": {"shipped": {"subject": "...", "text": "..."}}}}`. Raises ValueError that names the field."""
    return {
        channel: {
            _language(language, channel): {
                name: read_text(template, name, f"{channel}.{language}.{name}") for name, template in written.items()
            }
            for language, written in languages.items()
        }
        for channel, languages in value.items()
    }


def read_text(value: Any, name: str, where: str) -> Text:
    """One template. Raises ValueError for an unknown message or field."""
    if name not in FIELDS:
        raise ValueError(f"{where} is no message; there are {', '.join(FIELDS)}")
    if not isinstance(value, dict) or set(value) != {"subject", "text"}:
        raise ValueError(f"{where} must have a subject and a text, and nothing else")
    subject = _checked(value["subject"], LONGEST_SUBJECT, name, f"{where}.subject")
    if "\n" in subject:
        raise ValueError(f"{where}.subject is more than one line")
    return Text(subject, _checked(value["text"], LONGEST_TEXT, name, f"{where}.text"))


def choose(written: Texts, channel: str, wishes: Sequence[str], name: str) -> tuple[str, Text]:
    """The language and the template to use. The language decides first, then templates for the channel come before
    others.

    Raises KeyError for an unknown message.
    """
    by_staff = [written.get(channel, {}), written.get(EVERYWHERE, {})]
    known = sorted({*our_languages(), *(language for layer in by_staff for language in layer)})
    for wanted in (*filter(None, wishes), LAST_RESORT):
        for language in sorted(known, key=lambda one: one != wanted):
            if _root(language) != _root(wanted):
                continue
            for layer in (*by_staff, {language: _ours(language)}):
                if text := layer.get(language, {}).get(name):
                    return language, text
    raise KeyError(name)


def fill(template: str, fields: Mapping[str, str]) -> str:
    """The template with its fields filled in. A line whose fields are all empty is dropped."""
    lines = []
    for line in template.strip().splitlines():
        named = Template(line).get_identifiers()
        if not named or any(fields[name] for name in named):
            lines.append(Template(line).substitute(fields))
    return "\n".join(lines)


def fields_used(text: Text) -> set[str]:
    """The fields that a template uses."""
    return {*Template(text.subject).get_identifiers(), *Template(text.text).get_identifiers()}


@cache
def our_languages() -> tuple[str, ...]:
    """The languages in which Baton has a text for every message."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


@cache
def _ours(language: str) -> Mapping[str, Text]:
    if language not in our_languages():
        return {}
    with Path(__file__).with_name(f"{language}.toml").open("rb") as file:
        return {name: read_text(text, name, f"{language}.{name}") for name, text in tomllib.load(file).items()}


def _root(language: str) -> str:
    """`zh` of zh-CN: another region's variant of the customer's language is better than another language."""
    return language.partition("-")[0]


def _language(tag: Any, channel: str) -> str:
    if not isinstance(tag, str) or not LANGUAGE.fullmatch(tag):
        raise ValueError(f"{channel}.{tag} is no language such as en or zh-CN")
    return tag


def _checked(text: Any, longest: int, name: str, where: str) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        raise ValueError(f"{where} must be a text of at most {longest} characters")
    if not Template(text).is_valid():
        raise ValueError(f"{where} has a $ that begins no field: write $$ for a dollar sign")
    if unknown := set(Template(text).get_identifiers()) - set(FIELDS[name]):
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is no field; there are {', '.join(FIELDS[name])}")
    return text
