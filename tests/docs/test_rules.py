"""docs/rules.md lists every field with its kind, every function and every action of staff's rules."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from api.rules.schemas import Action
from domain.rules.facts import FIELDS, Kind, as_map
from domain.rules.samples import SAMPLES
from domain.rules.static_check import FUNCTIONS, LIST_LOOPS, METHODS

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
FACTS = SAMPLES["an ordinary order"]


def leaves(fields: Mapping[str, Kind], path: str = "") -> Iterator[tuple[str, str]]:
    for name, kind in fields.items():
        if isinstance(kind, list):
            yield f"{path}{name}", "list"
            kind, name = kind[0], f"{name}[]"
        if isinstance(kind, Mapping):
            yield from leaves(kind, f"{path}{name}.")
        elif "[]" not in name:
            yield f"{path}{name}", str(kind)


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(value[0])] if isinstance(value, list) else None


def test_every_field_is_listed_with_its_kind_and_no_other() -> None:
    listed = re.findall(r"^\| `((?:order|buyer)\.[\w.\[\]]+)` \| ([\w ]+) \|", TEXT, re.MULTILINE)

    assert dict(listed) == dict(leaves(FIELDS))


def test_the_facts_of_a_rule_have_the_shape_of_the_table() -> None:
    def without_kinds(kind: object) -> object:
        if isinstance(kind, Mapping):
            return {name: without_kinds(part) for name, part in kind.items()}
        return [without_kinds(kind[0])] if isinstance(kind, list) else None

    assert shape(as_map(FACTS)) == without_kinds(FIELDS)


def test_every_function_is_listed() -> None:
    assert {name for name in FUNCTIONS | METHODS | LIST_LOOPS if name not in TEXT} == set()


def test_every_action_is_listed() -> None:
    actions = {get_args(model.model_fields["type"].annotation)[0] for model in get_args(get_args(Action)[0])}

    assert actions == set(re.findall(r"^\| `(\w+)` \| (?:`|with)", TEXT, re.MULTILINE))
