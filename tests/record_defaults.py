"""Defaults of everything that enters histories: `python -m tests.record_defaults` records those of new fields.

Histories leave out fields that have their defaults (workflows/payloads.py), so a recorded default never changes.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from inspect import getmembers, isclass, isfunction
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_args, get_type_hints

import activities
from embedded.ending import end_process
from worker import WORKFLOWS
from workflows.payloads import DATA_CONVERTER

RECORDED = Path(__file__).with_name("recorded_defaults.json")
STEP, HANDLERS = "__temporal_activity_definition", ("signal", "update", "query")

Defaults = dict[str, dict[str, Any]]


def todays_defaults() -> Defaults:
    """The default of each field by the name of its dataclass: of all that steps and workflows take and return."""
    every = {_name(one): _with_defaults(one) for one in _dataclasses(_named_types())}
    return {name: defaults for name, defaults in every.items() if defaults}


def _named_types() -> Iterator[Any]:
    for module in walk_packages(activities.__path__, "activities."):
        for _, one in getmembers(import_module(module.name)):
            members = [method for _, method in getmembers(one, isfunction)] if isclass(one) else [one]
            for step in members:
                if hasattr(step, STEP):
                    yield from get_type_hints(step).values()
    for workflow in WORKFLOWS:
        for name, method in getmembers(workflow, isfunction):
            if name == "run" or any(hasattr(method, f"__temporal_{kind}_definition") for kind in HANDLERS):
                yield from get_type_hints(method).values()


def _dataclasses(types: Iterable[Any]) -> set[type]:
    found, waiting = set[type](), list(types)
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if isclass(one) and is_dataclass(one) and one not in found:
            found.add(one)
            waiting += get_type_hints(one).values()
    return found


def _with_defaults(one: type) -> dict[str, Any]:
    """Return the defaults as a history would write them."""
    known = {field.name: field.default_factory() for field in fields(one) if field.default_factory is not MISSING}
    known |= {field.name: field.default for field in fields(one) if field.default is not MISSING}
    [written] = DATA_CONVERTER.payload_converter.to_payloads([known])
    return dict(json.loads(written.data))


def _name(one: type) -> str:
    return f"{one.__module__}.{one.__qualname__}"


def main() -> None:
    recorded: Defaults = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    for name, defaults in todays_defaults().items():
        recorded[name] = defaults | recorded.get(name, {})
    RECORDED.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
    end_process(0)
