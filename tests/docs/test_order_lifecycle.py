"""docs/order-lifecycle.md draws the status tables as they are, and names every deadline and milestone."""

import re

from domain.drawing import state_diagram
from domain.milestones import TOLD
from domain.status import FULFILLMENT, ORDER, RETURN, PaymentStatus
from settings import Deadlines
from tests.docs.draw import PAGE, drawn
from tests.docs.words import in_words

TEXT = PAGE.read_text()


def test_the_drawings_are_those_of_the_tables() -> None:
    assert drawn(TEXT) == TEXT, "a status table has changed: run `python -m tests.docs.draw` and read the page again"


def test_a_drawing_has_one_arrow_for_each_step_one_beginning_and_every_end() -> None:
    for table in (ORDER, FULFILLMENT, RETURN):
        # when
        arrows = re.findall(r"(\S+) --> (\S+)", state_diagram(table))

        # then
        steps = [(now, to) for now, allowed in table.items() for to in allowed]
        ends = [(status, "[*]") for status, allowed in table.items() if not allowed]
        assert sorted(arrows) == sorted([("[*]", next(iter(table))), *steps, *ends])


def test_every_deadline_is_told_with_its_default() -> None:
    section = TEXT.partition("## Deadlines")[2].partition("\n## ")[0]

    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))

    assert told == {name: in_words(field.default) for name, field in Deadlines.model_fields.items()}


def test_every_payment_status_and_every_milestone_is_told() -> None:
    words = set(re.findall(r"`(\w+)`", TEXT))

    assert {*PaymentStatus, *TOLD} - words == set()
