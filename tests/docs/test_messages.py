"""docs/partners.md lists the fields of each message, docs/support.md the fields that texts may name."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from domain.contents.customer import render
from domain.contents.fields import ALWAYS, FIELDS
from domain.contents.snapshot import Case, CreditNote, Snapshot
from domain.milestones import RECIPIENTS, RECIPIENTS_OF
from domain.money import Money
from record.messages.letters import CONTENTS
from tests.domain.messages import LAMPS, ORDER_ID, a_parcel, a_snapshot
from tests.factories import an_order

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `(inbox|channel|erp|crm)` \| (.+?) \| `(.+?)` \|$", re.MULTILINE)
TEXT = (DOCS / "partners.md").read_text()
WORDS = {
    (recipient, milestone): set(fields.split(", "))
    for recipient, told, fields in ROW.findall(TEXT)
    for milestone in re.findall(r"`(\w+)`", told)
}
DATA = {"fulfillment_order_id": f"{ORDER_ID}-1", "return_id": "CASE-1", "credit_note": "CN-1"}
DUE = {"amount": "19.99", "currency": "CNY", "task_id": 1, "due_at": "2026-11-29T10:00:00Z"}


def a_full_life() -> Snapshot:
    order = an_order()
    parcel = replace(a_parcel(order, 1, {LAMPS: 2}), freight=Money(1200, "CNY"))
    case = Case("CASE-1", "return_and_refund", "settled", asked={LAMPS: 1}, units={LAMPS: 1})
    back = CreditNote("CN-1", Money(1999, "CNY"), after_sale=True, return_id="CASE-1")
    return a_snapshot(order, parcels=[parcel], cases={"CASE-1": case}, credit_notes=[back])


@pytest.mark.parametrize("recipient", CONTENTS)
def test_every_field_of_every_message_is_listed_and_no_other(recipient: str) -> None:
    # when
    said = {
        milestone: set(CONTENTS[recipient](a_full_life(), milestone, DATA | DUE))
        for milestone, recipients in RECIPIENTS_OF.items()
        if recipient in recipients
    }

    # then
    known = {milestone: WORDS.get((recipient, milestone), set()) for milestone in said}
    assert said == known


def test_the_fields_of_a_message_to_the_customer_are_listed() -> None:
    told = re.search(r"^\| `inbox` \| every one \| `(.+?)` \|$", TEXT, re.MULTILINE)

    assert told is not None
    assert set(told[1].split(", ")) == set(render(a_full_life(), "shipped", DATA, {}).content)


def test_every_listed_message_is_sent() -> None:
    assert {key for key in WORDS if key[1] != "every"} <= {(who, what) for what in RECIPIENTS_OF for who in RECIPIENTS}


def test_every_field_that_a_text_may_name_is_explained() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (`\w+`.*?) \|$", (DOCS / "support.md").read_text(), re.MULTILINE))

    assert {name: tuple(re.findall(r"`(\w+)`", told.get(name, ""))) for name in FIELDS} == {
        name: tuple(field for field in fields if field not in ALWAYS) or ALWAYS for name, fields in FIELDS.items()
    }
