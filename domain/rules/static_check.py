"""The words of an expression, each with its place: which fields and functions it uses, and how it goes over lists.

What is refused here could cost more than its length: a list gone over inside another, and whatever makes a new list
(CEL copies it for each item) or a long text. A list of the order may be counted, searched, gone over or asked for an
item, and stands nowhere else; so it is never joined to another. What is left takes a time that grows with the length
of the expression times the lines of the order, and has a largest cost.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.rules.facts import FIELDS, Kind

FUNCTIONS = frozenset({"has", "size", "int", "double", "string", "timestamp", "duration"})
TIMES = frozenset({"getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes"})
METHODS = frozenset({"size", "contains", "startsWith", "endsWith"}) | TIMES
LIST_LOOPS = frozenset({"exists", "exists_one", "all"})
MAX_LIST_LOOPS = 4
LONG_LISTS = frozenset({"lines", "skus"})
LIST_COST, TOKEN_COST = 25, 1
"""In half milliseconds on an order of 2,000 lines: CEL copies a list wherever it is named, and a word inside
`exists(...)` is computed for each line. Measured: docs/decisions/rules-have-a-budget.md."""
MAX_RULE_COST, MAX_SET_COST = 250, 4_000
MAX_PLUS_SIGNS = 8
"""Plus signs of a rule: joined texts grow with each."""

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
    sums: int = 0
    cost: int = 0

    def mistakes(self) -> Iterator[tuple[int, str]]:
        for index, word in enumerate(self.words):
            before, after = self._text(index - 1), self._text(index + 1)
            self.cost += TOKEN_COST if self._goes_over() else 0
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
                case Word("sign", "{"):
                    wrong = "a rule makes no maps"
                case Word("sign", "+"):
                    self.left, self.sums = None, self.sums + 1
                    wrong = f"a rule has {MAX_PLUS_SIGNS} plus signs at most" if self.sums > MAX_PLUS_SIGNS else ""
                case Word("sign", "'" | '"'):
                    wrong = NO_TEXT
                case Word("text") if before.startswith(QUOTES):
                    wrong = NO_TEXT
                case _:
                    self.left, wrong = None, ""
            wrong = wrong or self._misplaced(index)
            if not wrong and self.cost > MAX_RULE_COST:
                wrong = "the rule names long lists too often, or says too much of each item"
            if wrong:
                yield word.at, wrong

    def _goes_over(self) -> bool:
        return any(bracket.variable for bracket in self.brackets)

    def _misplaced(self, index: int) -> str:
        """A list that was just named, where something else than its size, its items or a search is made of it."""
        if not isinstance(self.left, list) or self.words[index].kind != "name":
            return ""
        after, first = self._text(index + 1), index
        while self._text(first - 1) == ".":
            first -= 2
        before = self._text(first - 1), self._text(first - 2)
        asked = (
            after in (".", "[", "(") or before[0] == "in" or (before in (("(", "size"), ("(", "has")) and after == ")")
        )
        return "" if asked else "a list is counted, searched or gone over, and nothing else is made of it"

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
        if name in LONG_LISTS:
            if self._goes_over():
                return f"{name} may not be gone over for each item of another list"
            self.cost += LIST_COST
        self.left = known[name]
        return ""

    def _call(self, index: int) -> str:
        name = self.words[index].text
        if name not in METHODS | LIST_LOOPS:
            return f"there is no function {name}"
        if name in LIST_LOOPS:
            self.over_lists += 1
            if self.over_lists > MAX_LIST_LOOPS:
                return f"a rule may go over lists {MAX_LIST_LOOPS} times at most"
            if self._goes_over():
                return "a list may not be gone over inside another"
        return ""

    def _open(self, index: int) -> str:
        opener = self._text(index - 1) if self.words[index].text == "(" else "["
        if opener in LIST_LOOPS:
            variable = self.words[index + 1] if index + 1 < len(self.words) else None
            if variable is None or variable.kind != "name" or variable.text in FIELDS:
                return f"{opener} wants a new name for each item first"
            self.brackets.append(Bracket(self.left, opener, variable.text))
        else:
            if opener == "[" and self.left is None and self._text(index - 1) != "in":
                return "a list of your own stands behind `in`"
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
    for at, text in Reader(_words(expression)).mistakes():
        return Mistake(expression.count("\n", 0, at) + 1, at - expression.rfind("\n", 0, at), text)
    return None


def is_bounded(expression: str) -> bool:
    """Whether nothing in it can cost more than a rule may, on the largest order there is."""
    return first_mistake(expression) is None


def cost_of(expression: str) -> int:
    """The most that a bounded expression costs."""
    reader = Reader(_words(expression))
    for _ in reader.mistakes():
        return MAX_RULE_COST
    return reader.cost


def _words(expression: str) -> list[Word]:
    return [
        Word(match.lastgroup or "", match.group(), match.start())
        for match in WORD.finditer(expression)
        if match.lastgroup != "blank"
    ]
