"""docs/order-lifecycle.md draws the status tables as they are, and names every deadline and milestone."""

import re

from domain.drawing import state_diagram
from domain.milestones import RECIPIENTS_OF
from domain.status import FULFILLMENT, ORDER, RETURN, PaymentStatus
from settings import Deadlines
from tests.docs.draw import LIFECYCLE, with_pictures
from tests.docs.words import in_words

TEXT = LIFECYCLE.read_text()


def test_the_pictures_of_the_status_tables_are_current() -> None:
    assert with_pictures(LIFECYCLE) == TEXT, (
        "a status table has changed: run `python -m tests.docs.draw` and read the page again"
    )


def test_a_state_diagram_has_an_arrow_for_every_transition_for_the_start_and_for_each_end() -> None:
    for table in (ORDER, FULFILLMENT, RETURN):
        # when
        arrows = re.findall(r"(\S+) --> (\S+)", state_diagram(table))

        # then
        steps = [(now, to) for now, allowed in table.items() for to in allowed]
        ends = [(status, "[*]") for status, allowed in table.items() if not allowed]
        assert sorted(arrows) == sorted([("[*]", next(iter(table))), *steps, *ends])


def test_every_deadline_is_listed_with_its_default() -> None:
    section = TEXT.partition("## Deadlines")[2].partition("\n## ")[0]

    listed = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))

    assert listed == {name: in_words(field.default) for name, field in Deadlines.model_fields.items()}


def test_every_payment_status_and_milestone_is_named() -> None:
    words = set(re.findall(r"`(\w+)`", TEXT))

    assert {*PaymentStatus, *RECIPIENTS_OF} - words == set()
