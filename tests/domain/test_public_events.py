"""What the outside may hear: types by pattern, and of the data only what the table names."""

import pytest

from domain.public_events import PATTERN, PUBLIC, matching_types, public_data, public_type


@pytest.mark.parametrize("pattern", ["*", "com.baton.*"])
def test_a_star_is_every_type(pattern: str) -> None:
    assert matching_types([pattern]) == list(PUBLIC)


def test_a_part_with_a_star_is_every_type_of_that_part_and_a_name_is_that_type() -> None:
    assert set(matching_types(["com.baton.refund.*"])) == {"refund.created", "refund.succeeded"}
    assert matching_types(["com.baton.order.held", "com.baton.refund.created"]) == ["order.held", "refund.created"]
    assert matching_types(["com.baton.order.hel"]) == []


@pytest.mark.parametrize("pattern", ["", "com.baton", "com.baton.order", "com.*.held", "order.held", "com.baton.or*"])
def test_other_patterns_are_none(pattern: str) -> None:
    assert not PATTERN.fullmatch(pattern)


def test_every_type_is_a_pattern_too() -> None:
    assert [event for event in PUBLIC if not PATTERN.fullmatch(public_type(event))] == []


def test_what_somebody_wrote_is_not_told() -> None:
    data = {"code": "ADDRESS", "reason": "Ouyang Xiadan has moved", "line_no": 0}

    assert public_data("order.held", data) == {"code": "ADDRESS", "line_no": 0}
