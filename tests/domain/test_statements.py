"""Two books that agree have no difference; two that do not have exactly those that a naive look at both finds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.statement_books import (
    BOOKS,
    MESSAGES,
    POINTS,
    REFUNDS,
    SHIPMENTS,
    STOCK,
    WAREHOUSE_WORDS,
    book_after,
    book_of,
)
from domain.statements import AGES, Age, Entry, Kind, RecordEntry, differences
from domain.status import FulfillmentStatus

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(minutes=1)
SUBJECTS = st.text("ABC", min_size=1, max_size=2)
TIMES = st.sampled_from([BEFORE, AFTER])
CNY = st.integers(1, 3).map(lambda minor: Money(minor, "CNY"))
STATUSES = st.sampled_from(["succeeded", "failed"])


@st.composite
def books(draw: st.DrawFn) -> tuple[Mapping[str, RecordEntry], Mapping[str, Entry]]:
    ours = {
        name: RecordEntry(name, draw(TIMES), draw(st.booleans()), "refunded", frozenset({"succeeded"}), draw(CNY))
        for name in draw(st.sets(SUBJECTS))
    }
    theirs = {name: Entry(name, draw(TIMES), draw(STATUSES), draw(CNY)) for name in draw(st.sets(SUBJECTS))}
    return ours, theirs


@given(books())
def test_the_differences_are_those_of_two_sets(both: tuple[Mapping[str, RecordEntry], Mapping[str, Entry]]) -> None:
    ours, theirs = both
    new = {name for name, one in ours.items() if one.since > NOON} | {
        name for name, one in theirs.items() if one.at > NOON
    }

    found = [
        (one.kind, one.subject)
        for name in sorted({*ours, *theirs})
        for one in differences(REFUNDS, ours.get(name), theirs.get(name), NOON)
    ]

    both_know = ours.keys() & theirs.keys() - new
    naive = {
        *((Kind.MISSING_THERE, name) for name in ours.keys() - theirs.keys() - new if ours[name].owed),
        *((Kind.UNKNOWN_HERE, name) for name in theirs.keys() - ours.keys() - new),
        *((Kind.AMOUNT_DIFFERS, name) for name in both_know if ours[name].amount != theirs[name].amount),
        *((Kind.STATUS_DIFFERS, name) for name in both_know if theirs[name].status == "failed"),
    }
    assert set(found) == naive
    assert len(found) == len(naive)


@given(st.integers(-9, 9), st.integers(0, 4), st.integers(-12, 14))
def test_a_quantity_within_the_units_in_transit_agrees(least: int, width: int, theirs: int) -> None:
    ours = RecordEntry("HZ/LAMP", NOON, least=least, most=least + width)

    found = list(differences(STOCK, ours, Entry("HZ/LAMP", AFTER, quantity=theirs), NOON))

    assert bool(found) == (theirs < least or theirs > least + width)


def test_both_words_are_told_to_people() -> None:
    ours = RecordEntry("S-1", BEFORE, status="in_transit", statuses=frozenset({"in_transit"}))
    [shipment] = differences(SHIPMENTS, ours, Entry("S-1", BEFORE, "delivered"), NOON)
    [refund] = differences(REFUNDS, None, Entry("R-1", BEFORE, "succeeded", Money(1990, "CNY")), NOON)
    [stock] = differences(
        STOCK, RecordEntry("HZ/LAMP", NOON, least=3, most=5), Entry("HZ/LAMP", NOON, quantity=9), NOON
    )

    assert (shipment.ours, shipment.theirs) == ("in_transit", "delivered")
    assert (refund.ours, refund.theirs) == ("", "19.90 CNY")
    assert (stock.ours, stock.theirs) == ("3 to 5", "9")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Entry("HZ/LAMP", BEFORE, quantity=0), "nothing of what nobody knows"),
        (Entry("HZ/LAMP", AFTER, quantity=5), "it came a moment ago"),
    ],
)
def test_some_books_ignore_entries_unknown_to_us(entry: Entry, why: str) -> None:
    assert list(differences(STOCK, None, entry, NOON)) == [], why


def test_a_crm_may_have_customers_of_its_own() -> None:
    assert list(differences(POINTS, None, Entry("C-1", BEFORE, quantity=5), NOON)) == []


def test_a_sku_that_the_warehouse_does_not_list_is_no_difference() -> None:
    assert list(differences(STOCK, RecordEntry("HZ/LAMP", BEFORE, least=5, most=5), None, NOON)) == []


def test_every_status_has_the_words_of_the_warehouse() -> None:
    assert set(WAREHOUSE_WORDS) == set(FulfillmentStatus)


def test_books_are_compared_one_after_the_other() -> None:
    for partner, books_of in BOOKS.items():
        walked, book = [books_of[0]], book_after(partner, books_of[0].name)
        while book:
            walked, book = [*walked, book_of(partner, book.name)], book_after(partner, book.name)
        assert tuple(walked) == books_of
    assert book_after("erp", MESSAGES.name) is None


def test_every_age_begins_where_the_one_before_ends() -> None:
    spans = [AGES[age] for age in Age]

    assert spans[0][0] == timedelta()
    assert [end for _, end in spans] == [*(begin for begin, _ in spans[1:]), None]
