"""The part of JSON Schema that docs/asyncapi.yaml uses."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

KINDS = {"object": dict, "array": list, "string": str, "integer": int}


def mistakes(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield a sentence for each part of the value that does not match the schema, beginning with its path."""
    if "const" in schema and value != schema["const"]:
        yield f"{path} is {value!r}"
    kind = KINDS.get(schema.get("type", ""))
    if kind is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        yield f"{path} is no {schema['type']}"
        return
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path} is {value!r}"
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from (f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, part in value.items():
            if name not in properties and others is False:
                yield f"{path}.{name} is not known"
            inner = properties.get(name, others)
            yield from mistakes(part, inner if isinstance(inner, Mapping) else {}, f"{path}.{name}")
    for number, part in enumerate(value if isinstance(value, list) else ()):
        yield from mistakes(part, schema.get("items", {}), f"{path}[{number}]")
