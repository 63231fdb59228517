"""What pages say about code, looked up in it."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.docs.draw import ROOT, contracts, listed

PROGRAMS = ("worker.py", "cli.py", "settings.py")
FOLDERS = "|".join([*listed(contracts(), "importlinter", "root_packages"), "deploy", "docs", "tests"])

# `name` in `file.py`, `name` (`file.py`), also several names before one file
NAME_BEFORE_FILE = re.compile(r"((?:`[\w.]+`(?:, | or | and )?)+)(?:\s+(?:in|of)\s+|\s+\()`([\w/]+\.py)`")
# `file.py` (`name`, `name`)
NAME_BEHIND_FILE = re.compile(r"`([\w/]+\.py)` \(((?:`\w+`(?:, )?)+)\)")
# 1. `file.py`: a line in `NAME`.
STEP = re.compile(r"^(?:\d\.|-) `([\w/]+\.py)`(?: and `([\w/]+\.py)`)?: ((?:[^.`]|`[^`]*`)*)", re.MULTILINE)


def sources() -> list[Path]:
    """Every Python file of ours, tests included."""
    rooms = [ROOT / room for room in FOLDERS.split("|") if room != "docs"]
    return [ROOT / name for name in PROGRAMS] + [path for room in rooms for path in sorted(room.rglob("*.py"))]


@cache
def words() -> frozenset[str]:
    """Every word of the code: identifiers, and words in its texts."""
    return frozenset(word for path in sources() for word in re.findall(r"\w+", path.read_text()))


def names_in(path: Path) -> set[str]:
    """Every function, class, variable, parameter and text constant of a Python file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def names_by_file(text: str) -> dict[str, set[str]]:
    """The files of a text with the names that it places in each."""
    found: dict[str, set[str]] = {}
    places = [(path, names) for names, path in NAME_BEFORE_FILE.findall(text)] + NAME_BEHIND_FILE.findall(text)
    for path, names in places:
        found.setdefault(path, set()).update(
            name for name in re.findall(r"`([\w.]+)`", names) for name in name.split(".")
        )
    for *paths, rest in STEP.findall(text):
        constants_and_classes = re.findall(r"`([A-Z]\w+)`", re.sub(r"\S+ \(`[\w/.]+`\)|\S+ in `[\w/.]+`", "", rest))
        for path in filter(None, paths):
            found.setdefault(path, set()).update(constants_and_classes)
    return found
