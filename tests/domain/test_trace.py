"""A fact has one form and one hash, however it is written."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.trace import FIRST, Fact, canonical, link

SHIPPED = datetime(2026, 11, 23, 1, 2, 3, 456789, UTC)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inside: some.lists(inside, max_size=3) | some.dictionaries(some.text(), inside, max_size=3),
    max_leaves=10,
)


def fact(**changes: Any) -> Fact:
    told = {"units": 2, "weight": 1.5, "at": "2026-11-23T09:02:03+08:00", "waybill": "SF-7"}
    fields = {"event_id": 7, "order_id": "O-1", "at": SHIPPED, "type": "shipment.booked", "key": "k", "actor": "tms"}
    return Fact(**{**fields, "data": told, **changes})


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(fact(at=SHIPPED.astimezone(timezone(timedelta(hours=8)))), id="another offset"),
        pytest.param(fact(data=dict(reversed(fact().data.items()))), id="another order of keys"),
        pytest.param(fact(data={**fact().data, "units": 2.0}), id="another form of a number"),
        pytest.param(fact(data={**fact().data, "at": "2026-11-23T01:02:03Z"}), id="another offset in a text"),
        pytest.param(fact(data={**fact().data, "at": "2026-11-23T01:02:03.000+00:00"}), id="zeros after the second"),
    ],
)
def test_the_same_fact_written_in_another_way_has_the_same_hash(same: Fact) -> None:
    assert link(FIRST, same) == link(FIRST, fact())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(fact(event_id=8), id="another place"),
        pytest.param(fact(order_id="O-2"), id="another order"),
        pytest.param(fact(at=SHIPPED + timedelta(microseconds=1)), id="a microsecond later"),
        pytest.param(fact(type="shipment.voided"), id="another thing"),
        pytest.param(fact(actor="lin"), id="somebody else"),
        pytest.param(fact(data={**fact().data, "units": 3}), id="a unit more"),
        pytest.param(fact(data={**fact().data, "units": "2"}), id="a text for a number"),
        pytest.param(fact(data={}), id="nothing said"),
    ],
)
def test_another_fact_has_another_hash(other: Fact) -> None:
    assert link(FIRST, other) != link(FIRST, fact())


def test_the_same_fact_after_another_one_has_another_hash() -> None:
    assert link(link(FIRST, fact()), fact()) != link(FIRST, fact())


@given(some.dictionaries(some.text(), VALUES, max_size=4))
def test_whatever_json_can_say_has_a_form(data: dict[str, Any]) -> None:
    assert canonical(fact(data=data)) == canonical(fact(data=dict(reversed(data.items()))))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00+14:00", id="before the first year"),
        pytest.param("9999-12-31T23:59:59-14:00", id="after the last year"),
        pytest.param("0000-01-01T00:00:00Z", id="no year"),
        pytest.param("2026-02-30T09:02:03Z", id="no day"),
        pytest.param("2026-02-03T09:02:03+99:99", id="no zone"),
        pytest.param("٢٠٢٦-٠٢-٠٣T٠٩:٠٢:٠٣Z", id="other digits"),
    ],
)
def test_a_text_that_only_looks_like_a_time_is_a_text(text: str) -> None:
    assert text.encode() in canonical(fact(data={"reason": text}))


def test_facts_that_were_sealed_by_the_first_version_keep_their_hash() -> None:
    told = {**fact().data, "no_time": "2026-02-30T09:02:03Z", "old": "0900-01-01T00:00:00Z", "n": 2**60}

    assert link(FIRST, fact(data=told)).hex() == "bf22fa84ce34d7dda80803d75a0a8d4f404cab3874aee86a635c1ed4229ae769"


def test_numbers_beyond_the_exact_ones_differ_still() -> None:
    large, larger = fact(data={"number": 2**60}), fact(data={"number": 2**60 + 1})

    assert link(FIRST, large) != link(FIRST, larger)
