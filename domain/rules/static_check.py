"""Checks an expression token by token before it runs: its fields and functions exist, and its cost is bounded.

Refused is what could cost more than the expression is long: a loop over a list inside another, and whatever makes a
new list (CEL copies it for each item) or a long text. A list of the order may only be counted, searched, looped over or
indexed, so it is never joined to another. The time of the rest is at most proportional to the length of the expression
times the lines of the order.
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
"""Plus signs of a rule. Each may make a text longer."""

TOKEN = re.compile(
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
    """What is wrong with an expression, and where. Lines and columns count from 1."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int


@dataclass(slots=True)
class Bracket:
    """An open bracket: the kind of the value before it, and the variable that it binds if it loops over a list."""

    left: Kind | None
    opened_by: str
    variable: str = ""


@dataclass(slots=True)
class Checker:
    """Goes over the tokens once. `left` is the kind of the value before the present token, as far as it matters."""

    tokens: list[Token]
    left: Kind | None = None
    brackets: list[Bracket] = field(default_factory=list)
    list_loops: int = 0
    sums: int = 0
    cost: int = 0

    def mistakes(self) -> Iterator[tuple[int, str]]:
        for index, token in enumerate(self.tokens):
            before, after = self._text(index - 1), self._text(index + 1)
            self.cost += TOKEN_COST if self._in_loop() else 0
            match token:
                case Token("name") if before == ".":
                    wrong = self._call(index) if after == "(" else self._member(token.text)
                case Token("name"):
                    wrong = self._name(token.text, after)
                case Token("sign", "(" | "["):
                    wrong = self._open(index)
                case Token("sign", ")" | "]"):
                    wrong = self._close()
                case Token("sign", "."):
                    continue
                case Token("sign", "{"):
                    wrong = "a rule makes no maps"
                case Token("sign", "+"):
                    self.left, self.sums = None, self.sums + 1
                    wrong = f"a rule has {MAX_PLUS_SIGNS} plus signs at most" if self.sums > MAX_PLUS_SIGNS else ""
                case Token("sign", "'" | '"'):
                    wrong = NO_TEXT
                case Token("text") if before.startswith(QUOTES):
                    wrong = NO_TEXT
                case _:
                    self.left, wrong = None, ""
            wrong = wrong or self._misplaced(index)
            if not wrong and self.cost > MAX_RULE_COST:
                wrong = "the rule names long lists too often, or says too much of each item"
            if wrong:
                yield token.at, wrong

    def _in_loop(self) -> bool:
        return any(bracket.variable for bracket in self.brackets)

    def _misplaced(self, index: int) -> str:
        """The mistake if a list was just named and is used for something else than its size, its items or a search."""
        if not isinstance(self.left, list) or self.tokens[index].kind != "name":
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
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

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
            if self._in_loop():
                return f"{name} may not be gone over for each item of another list"
            self.cost += LIST_COST
        self.left = known[name]
        return ""

    def _call(self, index: int) -> str:
        name = self.tokens[index].text
        if name not in METHODS | LIST_LOOPS:
            return f"there is no function {name}"
        if name in LIST_LOOPS:
            self.list_loops += 1
            if self.list_loops > MAX_LIST_LOOPS:
                return f"a rule may go over lists {MAX_LIST_LOOPS} times at most"
            if self._in_loop():
                return "a list may not be gone over inside another"
        return ""

    def _open(self, index: int) -> str:
        opener = self._text(index - 1) if self.tokens[index].text == "(" else "["
        if opener in LIST_LOOPS:
            variable = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
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
    """The first unknown or expensive part of an expression that CEL can parse; None if there is none."""
    for at, text in Checker(_tokens(expression)).mistakes():
        return Mistake(expression.count("\n", 0, at) + 1, at - expression.rfind("\n", 0, at), text)
    return None


def is_bounded(expression: str) -> bool:
    """True if the expression cannot cost more than a rule may, on the largest possible order."""
    return first_mistake(expression) is None


def cost_of(expression: str) -> int:
    """An upper bound of the cost of an expression, in the unit of MAX_RULE_COST (half milliseconds)."""
    checker = Checker(_tokens(expression))
    for _ in checker.mistakes():
        return MAX_RULE_COST
    return checker.cost


def _tokens(expression: str) -> list[Token]:
    return [
        Token(match.lastgroup or "", match.group(), match.start())
        for match in TOKEN.finditer(expression)
        if match.lastgroup != "blank"
    ]
