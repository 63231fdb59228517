"""What revisions may do to tables in use, read from their source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.schema import VERSIONS

LAST_BLOCKING = "0026"
"""The last of 0.1.0: on the databases that it made nothing is done again."""
BLOCKING = {"create_index", "create_unique_constraint", "create_check_constraint", "create_foreign_key"}
SMALL = {"api_keys", "channel_accounts", "export_runs", "locations", "products", "subscriptions"}
"""They grow with what people enter, or are bounded, and do not grow with orders."""
ONLINE = {"models.migrations", "models.migrations.online"}
REVISIONS = sorted(path for path in VERSIONS.glob("[0-9]*.py") if path.name[:4] > LAST_BLOCKING)


def calls(tree: ast.AST, module: str) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=function), args=args) if name == module:
                yield function, args


def is_online(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.module in ONLINE for node in ast.walk(tree))


def blocking(tree: ast.AST) -> list[str]:
    """What would hold up writers: indexes and constraints on tables that the revision has not made itself."""
    may = SMALL | {ast.literal_eval(args[0]) for function, args in calls(tree, "op") if function == "create_table"}
    asked = [(function, args) for function, args in calls(tree, "op") if function in BLOCKING]
    return [function for function, args in asked if not isinstance(args[1], ast.Constant) or args[1].value not in may]


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_no_revision_holds_up_writers(path: Path) -> None:
    assert blocking(ast.parse(path.read_text())) == [], "use models.migrations.online"


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_outside_a_transaction_does_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if is_online(tree):
        assert list(calls(tree, "op")) == []


def test_a_blocking_index_is_found() -> None:
    assert blocking(ast.parse('op.create_index("ix", "orders", ["channel"])')) == ["create_index"]
    assert blocking(ast.parse('op.create_table("new"); op.create_index("ix", "new", ["channel"])')) == []
