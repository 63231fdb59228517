"""The words of an expression, each with its place: which fields and functions it uses, and how it goes over lists.

What is refused here could cost more than its length: a list gone over inside another, and whatever makes a new list
(CEL copies it for each item). What is left takes a time that grows with the length of the expression times the lines
of the order.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.rule_facts import FIELDS, Kind

FUNCTIONS = frozenset({"has", "size", "int", "double", "string", "timestamp", "duration"})
TIMES = frozenset({"getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes"})
METHODS = frozenset({"size", "contains", "startsWith", "endsWith"}) | TIMES
OVER_LISTS = frozenset({"exists", "exists_one", "all"})
MOST_OVER_LISTS = 4
LONG_LISTS = frozenset({"lines", "skus"})

WORD = re.compile(
    r"(?P<blank>\s+|//[^\n]*)"
    r"|(?P<text>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<number>0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>[=!<>]=|&&|\|\||.)",
    re.DOTALL | re.ASCII,
)
QUOTES = ("'", '"')
NO_TEXT = "a text stands between two single or two double quotes"
CONSTANTS = frozenset({"true", "false", "null", "in"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with an expression, and where: lines and columns count from 1."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    kind: str
    text: str
    at: int


@dataclass(slots=True)
class Bracket:
    """One that is open: what stands before it, and the variable that it binds when it goes over a list."""

    left: Kind | None
    opened_by: str
    variable: str = ""


@dataclass(slots=True)
class Reader:
    """Goes over the words once; `left` is the kind of what stands before the present word, as far as it matters."""

    words: list[Word]
    left: Kind | None = None
    brackets: list[Bracket] = field(default_factory=list)
    over_lists: int = 0

    def mistakes(self) -> Iterator[tuple[int, str]]:
        for index, word in enumerate(self.words):
            before, after = self._text(index - 1), self._text(index + 1)
            match word:
                case Word("name") if before == ".":
                    wrong = self._call(index) if after == "(" else self._member(word.text)
                case Word("name"):
                    wrong = self._name(word.text, after)
                case Word("sign", "(" | "["):
                    wrong = self._open(index)
                case Word("sign", ")" | "]"):
                    wrong = self._close()
                case Word("sign", "."):
                    continue
                case Word("sign", "'" | '"'):
                    wrong = NO_TEXT
                case Word("text") if before.startswith(QUOTES):
                    wrong = NO_TEXT
                case _:
                    self.left, wrong = None, ""
            if wrong:
                yield word.at, wrong

    def _text(self, index: int) -> str:
        return self.words[index].text if 0 <= index < len(self.words) else ""

    def _name(self, name: str, after: str) -> str:
        self.left = None
        scope = {bracket.variable: bracket.left for bracket in self.brackets if bracket.variable}
        if after == "(":
            return "" if name in FUNCTIONS else f"there is no function {name}"
        if name in scope:
            items = scope[name]
            self.left = items[0] if isinstance(items, list) else None
        elif name in FIELDS:
            self.left = FIELDS[name]
            return "" if after in (".", "[") else f"{name} alone says nothing: name a field of it"
        elif name not in CONSTANTS:
            return f"there is nothing called {name}; a rule reads {' and '.join(FIELDS)}"
        return ""

    def _member(self, name: str) -> str:
        known, self.left = self.left, None
        if not isinstance(known, Mapping) or name not in known:
            return f"there is no field {name} here"
        if name in LONG_LISTS and any(bracket.variable for bracket in self.brackets):
            return f"{name} may not be gone over for each item of another list"
        self.left = known[name]
        return ""

    def _call(self, index: int) -> str:
        name = self.words[index].text
        if name not in METHODS | OVER_LISTS:
            return f"there is no function {name}"
        if name in OVER_LISTS:
            self.over_lists += 1
            if self.over_lists > MOST_OVER_LISTS:
                return f"a rule may go over lists {MOST_OVER_LISTS} times at most"
            if any(bracket.variable for bracket in self.brackets):
                return "a list may not be gone over inside another"
        return ""

    def _open(self, index: int) -> str:
        opener = self._text(index - 1) if self.words[index].text == "(" else "["
        if opener in OVER_LISTS:
            variable = self.words[index + 1] if index + 1 < len(self.words) else None
            if variable is None or variable.kind != "name" or variable.text in FIELDS:
                return f"{opener} wants a new name for each item first"
            self.brackets.append(Bracket(self.left, opener, variable.text))
        else:
            self.brackets.append(Bracket(self.left, opener))
            if opener == "[" and isinstance(self.left, Mapping):
                return "write a field with a dot, such as order.total"
        self.left = None
        return ""

    def _close(self) -> str:
        bracket = self.brackets.pop()
        self.left = None
        if bracket.opened_by == "[" and isinstance(bracket.left, list):
            self.left = bracket.left[0]
        return ""


def first_mistake(expression: str) -> Mistake | None:
    """The first unknown or costly part of an expression that CEL can parse; None when all is well."""
    words = [
        Word(match.lastgroup or "", match.group(), match.start())
        for match in WORD.finditer(expression)
        if match.lastgroup != "blank"
    ]
    for at, text in Reader(words).mistakes():
        return Mistake(expression.count("\n", 0, at) + 1, at - expression.rfind("\n", 0, at), text)
    return None
