"""Reads untrusted channel payloads: every refusal names the field by its path in the payload."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar

from domain.errors import Refusal
from domain.money import Money
from integrations.channels import values

Payload = bytes | str | Mapping[str, Any]

Value = TypeVar("Value")
Options = ParamSpec("Options")


class Unreadable(Refusal):
    """The payload is not a complete order. `field` is the path of what is wrong; `reason` never quotes the payload."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__("unreadable", f"{field}: {reason}")
        self.field = field
        self.reason = reason


def open_json(payload: Any) -> Any:
    """Parse JSON with exact decimals, skipping a byte-order mark. A parsed payload is returned as it is."""
    if not isinstance(payload, bytes | str):
        return payload
    try:
        text = payload.decode("utf-8-sig") if isinstance(payload, bytes) else payload.removeprefix("\ufeff")
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Unreadable("$", "is not JSON in UTF-8") from None


def open_object(payload: Payload) -> "Reader":
    node = open_json(payload)
    if not isinstance(node, Mapping):
        raise Unreadable("$", "is not an object")
    return Reader(node)


@dataclass(frozen=True, slots=True)
class Reader:
    """One object of a payload. Missing, null and empty are the same; only the `need_` methods refuse them."""

    node: Mapping[str, Any]
    path: str = ""
    warnings: list[str] = field(default_factory=list)

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, reason: str) -> Unreadable:
        return Unreadable(self.path_of(name), reason)

    def warn(self, name: str, reason: str) -> None:
        self.warnings.append(f"{self.path_of(name)}: {reason}")

    def has(self, name: str) -> bool:
        return self.node.get(name) not in (None, "", [], {})

    def allow_only(self, *names: str) -> "Reader":
        """Refuse unknown fields; for our own formats."""
        for name in self.node:
            if name not in names:
                shown = str(name)[:100].encode("utf-8", "replace").decode() or "(no name)"
                raise self.wrong(shown, "is not a field of this form")
        return self

    def object(self, name: str) -> "Reader":
        """The nested object, empty if there is none. PHP writes an empty object as []."""
        node = self.node[name] if self.has(name) else {}
        if not isinstance(node, Mapping):
            raise self.wrong(name, "is not an object")
        return Reader(node, self.path_of(name), self.warnings)

    def unwrap(self, *names: str) -> "Reader":
        """Step into the wrappers that are present, so that a wrapped answer and its bare content read the same."""
        here = self
        for name in names:
            here = here.object(name) if name in here.node else here
        return here

    def embedded_object(self, name: str) -> "Reader":
        """An object, or a string that holds one: messages often carry JSON inside JSON."""
        node = self.node.get(name)
        try:
            return Reader({name: open_json(node)}, self.path, self.warnings).object(name)
        except Unreadable:
            raise self.wrong(name, "is not an object") from None

    def objects(self, name: str) -> list["Reader"]:
        nodes = self.node[name] if self.has(name) else []
        if not isinstance(nodes, list | tuple):
            raise self.wrong(name, "is not a list")
        for index, node in enumerate(nodes):
            if not isinstance(node, Mapping):
                raise self.wrong(f"{name}[{index}]", "is not an object")
        return [Reader(node, f"{self.path_of(name)}[{i}]", self.warnings) for i, node in enumerate(nodes)]

    def text(self, name: str, limit: int = 200, *, cut: bool = False) -> str:
        """One line of text; control characters become spaces. Longer text is refused, or cut with a warning."""
        return self._limited(name, self._read(name, values.line_of_text), limit, cut)

    def texts(self, *names: str) -> tuple[str, ...]:
        """The texts of these fields, without the empty ones."""
        return tuple([text for name in names if (text := self.text(name))])

    def prose(self, name: str, limit: int = 2_000) -> str:
        """Text of several lines."""
        return self._limited(name, self._read(name, values.prose), limit, False)

    def list_of_texts(self, name: str, limit: int = 200) -> tuple[str, ...]:
        """A list of texts, without the empty ones."""
        nodes = self.node[name] if self.has(name) else []
        if not isinstance(nodes, list | tuple):
            raise self.wrong(name, "is not a list")
        each = Reader({f"{name}[{i}]": node for i, node in enumerate(nodes)}, self.path, self.warnings)
        return tuple([text for key in each.node if (text := each.text(key, limit))])

    def flag(self, name: str) -> bool:
        return self._read(name, values.flag)

    def whole(self, name: str) -> int:
        return self._read(name, values.whole)

    def money(self, name: str, currency: str, *, signed: bool = False) -> Money:
        return self._read(name, values.major, currency, signed)

    def minor(self, name: str, currency: str, *, signed: bool = False) -> Money:
        return self._read(name, values.minor, currency, signed)

    def time(self, name: str, zone: str = "") -> datetime | None:
        return self._read(name, values.time, zone)

    def seconds(self, name: str) -> datetime | None:
        return self._read(name, values.seconds)

    def need_text(self, name: str, limit: int = 200) -> str:
        return self.text(name, limit) or self._missing(name)

    def need_quantity(self, name: str) -> int:
        return self._read(name, values.quantity) if self.has(name) else self._missing(name)

    def need_currency(self, name: str) -> str:
        return self._read(name, values.currency) if self.has(name) else self._missing(name)

    def need_money(self, name: str, currency: str) -> Money:
        return self.money(name, currency) if self.has(name) else self._missing(name)

    def need_minor(self, name: str, currency: str) -> Money:
        return self.minor(name, currency) if self.has(name) else self._missing(name)

    def need_time(self, name: str, zone: str = "") -> datetime:
        return self.time(name, zone) or self._missing(name)

    def need_seconds(self, name: str) -> datetime:
        return self.seconds(name) or self._missing(name)

    def _read(
        self, name: str, reads: Callable[Concatenate[str, Options], Value], *args: Options.args, **kw: Options.kwargs
    ) -> Value:
        try:
            return reads(values.scalar(self.node.get(name)), *args, **kw)
        except values.BadValue as error:
            raise self.wrong(name, str(error)) from None

    def _limited(self, name: str, text: str, limit: int, cut: bool) -> str:
        if len(text) > limit and not cut:
            raise self.wrong(name, f"is longer than {limit} characters")
        if len(text) > limit:
            self.warn(name, f"was cut to {limit} characters")
        return text[:limit].rstrip()

    def _missing(self, name: str) -> Any:
        raise self.wrong(name, "is missing")
