"""Code what enters a history: JSON, without the fields of dataclasses that have their defaults.

A history is kept for months and decoded at every replay. So a default of what is in histories never changes: the same
JSON would mean something else. Whatever reads histories needs nothing of this: absent fields get their defaults.
"""

from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any

from temporalio.converter import (
    AdvancedJSONEncoder,
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

_NONE = object()


class _ShortJSON(AdvancedJSONEncoder):
    def default(self, o: Any) -> Any:
        if is_dataclass(o) and not isinstance(o, type):
            # Not asdict, which copies what is in the fields and then what is in those.
            return {name: value for name, default in _defaults(type(o)) if (value := getattr(o, name)) != default}
        return super().default(o)


class _ShortPayloads(CompositePayloadConverter):
    def __init__(self) -> None:
        usual = DefaultPayloadConverter.default_encoding_payload_converters
        short = JSONPlainPayloadConverter(encoder=_ShortJSON)
        super().__init__(*(short if type(one) is JSONPlainPayloadConverter else one for one in usual))


DATA_CONVERTER = DataConverter(payload_converter_class=_ShortPayloads)


@cache
def _defaults(of: type) -> tuple[tuple[str, Any], ...]:
    """Return each field with its default; one that has none is never left out."""
    return tuple(
        (one.name, one.default_factory() if one.default_factory is not MISSING else _or_none(one.default))
        for one in fields(of)
    )


def _or_none(default: Any) -> Any:
    return _NONE if default is MISSING else default
