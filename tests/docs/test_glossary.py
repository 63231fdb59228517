"""docs/glossary.md has every noun that the code names a class by, and nothing that the code does not use."""

import ast
import re
from collections.abc import Iterator

from tests.docs.code import sources
from tests.docs.draw import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text()
TERMS = {
    term
    for cell in re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)
    for term in cell.lower().replace("-", " ").split(", ")
} - {"word"}
ROOMS = ("domain", "record", "workflows", "activities")

# Words that any programmer or shopkeeper knows; they are no terms of ours.
ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """
        address age allowance answer basis batch box bracket cache call cancel cancellation change checker connection
        consignment context crossing day decision draft ending entry expiry file force guess handling happening
        heartbeat http input journey keeper kind lane link lot margin mishap money need outcome pace party pause place
        plan post posting problem queue rate reader reconsider rejection release repayment request reroute result
        scope score set solution span standing state status stock table tally target term theme thread time total
        transit try update velocity view waiter work workflow writer
        """,
    )
)
# Results named by what happened to something, and enumerations such as RefundTo.
NOT_NOUNS = re.compile(r"\w+ed|done|undone|spent|withdrawn|swept|due|better|ordinary|past|busy|to|when")


def nouns_of_classes() -> Iterator[tuple[str, str]]:
    """The last word of every public class, and the class.

    Left out are exceptions, which name what went wrong, and classes that hold activities, which are named by the verb.
    """
    classes = [
        node
        for path in sources()
        if path.relative_to(ROOT).parts[0] in ROOMS
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    exceptions = {"Exception", "ValueError", "LookupError", "RuntimeError"}
    for _ in range(3):
        exceptions |= {node.name for node in classes if {ast.unparse(base) for base in node.bases} & exceptions}
    for node in classes:
        if node.name not in exceptions and not holds_activities(node):
            noun = re.findall(r"[A-Z][a-z0-9]*", node.name)[-1].lower()
            if not NOT_NOUNS.fullmatch(noun):
                yield noun, node.name


def holds_activities(node: ast.ClassDef) -> bool:
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any("activity.defn" in ast.unparse(decorator) for method in methods for decorator in method.decorator_list)


def is_a_term(noun: str, name: str) -> bool:
    """Whether a term is the noun, ends with it (Movement: stock movement), or is the whole name (LeadTimes)."""
    known = TERMS | ORDINARY | {term.split()[-1] for term in TERMS}
    whole = " ".join(re.findall(r"[A-Z][a-z0-9]*", name)).lower()
    return any(form in known for text in (noun, whole) for form in forms(text))


def forms(word: str) -> set[str]:
    """A word with its singular, and the verb of Sealing and the like."""
    verb = word.removesuffix("ing")
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub(r"ves$", "f", word), verb, f"{verb}e"}


def test_every_noun_that_ends_the_name_of_a_class_is_in_the_glossary() -> None:
    unknown = {name for noun, name in nouns_of_classes() if not is_a_term(noun, name)}

    assert unknown == set(), "use a word of docs/glossary.md, or add one: one word for one thing"


def test_every_word_of_the_glossary_occurs_in_the_code() -> None:
    # when
    code = "\n".join(path.read_text() for path in sources() if path.relative_to(ROOT).parts[0] != "tests")
    words = " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", code)).lower()

    # then
    assert {term for term in TERMS if f" {term}" not in words} == set()
