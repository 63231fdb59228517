"""Finds the first problems of a large body by its model's JSON Schema.

pydantic collects all problems before it raises, so that a body with a million of them costs seconds and gigabytes. A
small body cannot have many. This check stops at the first few of a large body; pydantic then reads what passes.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from api.errors import FieldError, invalid, invalid_fields

LARGE = 500
"""A body with more colons and commas than this is large."""
MAX_PROBLEMS_LISTED = 20

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
Schema = Mapping[str, Any]
Problems = Iterator[FieldError]


def is_large(raw: bytes) -> bool:
    """True if a body may hold more problems than are worth collecting: each takes a colon or a comma."""
    return raw.count(b":") + raw.count(b",") > LARGE


def check_shape(raw: bytes, model: type[BaseModel]) -> None:
    """Raise a 422 with the first problems. It does not check whether a text is a time, a country or a phone number."""
    try:
        value = from_json(raw)
    except ValueError:
        raise invalid("body", "not JSON in UTF-8, or nested too deeply") from None
    schema = _schema(model)
    if found := list(islice(_problems(value, schema, schema.get("$defs", {}), ""), MAX_PROBLEMS_LISTED)):
        raise invalid_fields(found)


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _problems(value: Any, schema: Schema, definitions: Mapping[str, Schema], path: str) -> Problems:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        choices = [_resolved(one, definitions) for one in choices]
        fitting = [one for one in choices if _is_of(value, one)]
        # pydantic checks objects that differ by the value of a member: they are no long lists.
        if len(fitting) == 1:
            yield from _problems(value, fitting[0], definitions, path)
        elif not fitting:
            yield {"field": path or "body", "message": "is of another type"}
    elif not _is_of(value, schema):
        yield {"field": path or "body", "message": f"should be of the type {schema['type']}"}
    elif isinstance(value, str):
        yield from _text(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, definitions, path)
    elif isinstance(value, list):
        yield from _list(value, schema, definitions, path)
    elif isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield {"field": path, "message": "is too small or too large"}


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _is_of(value: Any, schema: Schema) -> bool:
    kinds = TYPES.get(schema.get("type", ""), (object,))
    return isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds or object in kinds)


def _object(value: Mapping[str, Any], schema: Schema, definitions: Mapping[str, Schema], path: str) -> Problems:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield {"field": _below(path, name), "message": "this field is required"}
    if len(value) > schema.get("maxProperties", len(value)):
        yield {"field": path, "message": f"has more than {schema['maxProperties']} fields"}
        return
    for name, inner in value.items():
        if name in known:
            yield from _problems(inner, known[name], definitions, _below(path, name))
        elif others is False:
            yield {"field": _below(path, name[:100]), "message": "this field is not known"}
        elif isinstance(others, Mapping):
            yield from _text(name, schema.get("propertyNames", {}), _below(path, name[:100]))
            yield from _problems(inner, others, definitions, _below(path, name[:100]))


def _list(value: list[Any], schema: Schema, definitions: Mapping[str, Schema], path: str) -> Problems:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield {"field": path or "body", "message": f"has {len(value)} items, too few or too many"}
        return
    items = schema.get("items", {})
    for index, item in enumerate(value):
        yield from _problems(item, items, definitions, f"{path}[{index}]")


def _text(value: str, schema: Schema, path: str) -> Problems:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield {"field": path, "message": "is too short or too long"}
    elif (pattern := schema.get("pattern")) and not re.search(_for_python(pattern), value):
        yield {"field": path, "message": "has letters that may not be there"}
    elif value not in schema.get("enum", (value,)) or value != schema.get("const", value):
        yield {"field": path, "message": "is none of the known words"}


@cache
def _for_python(pattern: str) -> str:
    # In Python, `$` also matches before a line break at the end.
    return pattern.replace("$|", r"\Z|").removesuffix("$") + (r"\Z" if pattern.endswith("$") else "")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
