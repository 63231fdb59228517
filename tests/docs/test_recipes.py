"""docs/recipes.md sends its reader to the right files: every name is in the file where a recipe places it."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.code import names_by_file, names_in, words
from tests.docs.draw import ROOT
from tests.docs.test_links import EXAMPLES

PAGE = ROOT / "docs" / "recipes.md"
TEXT = PAGE.read_text()
RECIPES = {part.partition("\n")[0]: part for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]}

# Names that the reader of a recipe is about to write, and words of other systems.
TO_BE_WRITTEN = {
    *("AcmePull", "AcmePush", "AcmeUpload", "Coupon", "CouponRequest", "Fraud", "USES_COUPONS"),
    *("acme", "coupon", "coupon_used", "fraud", "give_coupon_back", "ix_orders_coupon", "use_coupon", "uses_coupons"),
    *("_use_coupon", "NOT_OUT_YET", "too_early", "out_from", "EventSource", "Keyword", "KeywordList", "Bool", "True"),
}
IN_BACKTICKS = re.compile(r"`([A-Za-z_][\w.]*)(?:\(.*?\))?`")


def prose_of(recipe: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", recipe, flags=re.MULTILINE | re.DOTALL)


def python_of(recipe: str) -> str:
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", recipe, re.MULTILINE | re.DOTALL)
    return "\n".join(line.removeprefix(indent) for indent, block in blocks for line in block.splitlines())


@pytest.mark.parametrize("name", RECIPES)
def test_a_name_is_in_the_file_where_a_recipe_places_it(name: str) -> None:
    lost = {
        path: missing
        for path, names in names_by_file(prose_of(RECIPES[name])).items()
        if path not in EXAMPLES and (missing := {name for name in names if name not in names_in(ROOT / path)})
    }

    assert {path: names - TO_BE_WRITTEN for path, names in lost.items() if names - TO_BE_WRITTEN} == {}


@pytest.mark.parametrize("name", RECIPES)
def test_every_name_of_a_recipe_occurs_in_the_code(name: str) -> None:
    # when
    inline = [found for found in IN_BACKTICKS.findall(prose_of(RECIPES[name])) if not found.endswith((".py", ".md"))]
    found = {word for dotted in inline for word in dotted.split(".") if word}

    # then
    assert found - words() - TO_BE_WRITTEN - extensions_of_files() == set()


@pytest.mark.parametrize("name", RECIPES)
def test_the_code_of_a_recipe_can_be_parsed_and_names_what_exists(name: str) -> None:
    # when
    tree = ast.parse(python_of(RECIPES[name]))

    # then
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert attributes - words() - TO_BE_WRITTEN == set()
    assert all((ROOT / Path(*module.split("."))).exists() for module in imported if module.split(".")[0] == "models")


def test_every_recipe_is_in_the_list_at_the_top() -> None:
    assert re.findall(r"^- \[(.+?)\]", TEXT, re.MULTILINE) == list(RECIPES)


def extensions_of_files() -> set[str]:
    """`orders.csv` and the like are files, not names."""
    return {"csv", "json", "ndjson", "toml", "yaml", "yml", "env"}
