"""The columns of a list's sheet: the fields of its items, those of nested objects with dots between the names."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from api.schemas import Links


def item_of(page: type[BaseModel]) -> type[BaseModel]:
    """Return the model of the items of a Page."""
    (item,) = get_args(page.model_fields["items"].annotation)
    return item  # type: ignore[no-any-return]


def columns_of(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the names of the columns. Links are left out; a list is one column."""
    for name, field in model.model_fields.items():
        nested = _model_of(field.annotation)
        if nested is None:
            yield above + name
        elif not issubclass(nested, Links):
            yield from columns_of(nested, f"{above}{name}.")
    yield from (above + name for name in model.model_computed_fields)


def cells_of(item: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    """Return the values of an item of JSON; None where there is nothing."""
    return [_value(item, column.split(".")) for column in columns]


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a nested object, also of one that may be null."""
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)]
    return models[0] if len(models) == 1 else None


def _value(item: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(item, Mapping):
            return None
        item = item.get(name)
    return item
