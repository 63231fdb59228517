"""Dated parameters: which row counts when, and which values are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.money import Money
from domain.parameters import READERS, Dated, NotAParameter, read_parameters, read_value, valid_at

TERMS = {"refund": "at_receipt", "automatic": {}, "when_silent": "wait", "restocking_percent": 0, "freight": {}}
YEARS = [datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2026)]


def limit(number: int, since: int, until: int | None = None, amount: str = "5000.00") -> Dated:
    end = YEARS[until] if until is not None else None
    return Dated(number, "import_order_limit", YEARS[since], end, {"amount": amount, "currency": "CNY"})


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(0, [1]), (1, [2]), (2, [3]), (3, [2]), (4, [5])],
    ids=["the first", "a later one", "one for a while", "the one before again", "the one written last"],
)
def test_the_row_that_began_last_counts(moment: int, counts: list[int]) -> None:
    rows = [limit(5, 4), limit(1, 0), limit(2, 1), limit(3, 2, 3), limit(4, 4)]
    assert [row.parameter_id for row in valid_at(rows, YEARS[moment])] == counts


def test_before_the_first_row_there_is_no_limit_on_record() -> None:
    assert read_parameters(valid_at([limit(1, 1)], YEARS[0])).import_order_limit is None


def test_the_version_is_that_of_the_rows() -> None:
    one, same, other = (read_parameters([limit(number, 0)]) for number in (1, 1, 2))
    assert one.import_order_limit == Money(5_000_00, "CNY")
    assert one.version == same.version != other.version


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_such_thing", 1),
        ("import_order_limit", 5000),
        ("import_order_limit", {"amount": "-1", "currency": "CNY"}),
        ("import_order_limit", {"amount": "1", "currency": "YUAN"}),
        ("import_tax_percent", 101),
        ("import_tax_percent", True),
        ("remote_areas", "墨脱县"),
        ("remote_areas", [1]),
        ("carriers", {"SF Express": {"countries": ["CN"]}}),
        ("carriers", []),
        ("prohibited", {"*": ["9301"]}),
        ("buyer_velocity", {"orders": 3}),
        ("ordinary_amount", {"times": 10, "orders": 21}),
        ("points_value", {"CNY": "-0.01"}),
        ("points_value", {"CNY": "0.001"}),
        ("return_terms", {"*": TERMS | {"points": "forget"}}),
        ("return_terms", {"*": TERMS | {"refund_to": "her_friend"}}),
    ],
)
def test_what_no_check_could_read_is_refused(name: str, value: Any) -> None:
    with pytest.raises(NotAParameter):
        read_value(name, value)


def test_every_reader_refuses_nothing_at_all() -> None:
    for name in READERS:
        with pytest.raises(NotAParameter, match=name):
            read_value(name, None)


def test_codes_may_be_written_with_dots() -> None:
    assert read_value("prohibited", {"*": {"hs_codes": ["0507.10"], "classes": []}})["*"].hs_codes == ("050710",)
