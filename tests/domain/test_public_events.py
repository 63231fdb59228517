"""Published events: types by pattern, and only the fields that the table lists."""

import pytest

from domain.public_events import PATTERN, PUBLIC, matching_types, public_data, public_type


@pytest.mark.parametrize("pattern", ["*", "com.baton.*"])
def test_a_star_is_every_type(pattern: str) -> None:
    assert matching_types([pattern]) == list(PUBLIC)


def test_a_pattern_with_a_star_matches_every_type_below_it() -> None:
    assert set(matching_types(["com.baton.refund.*"])) == {"refund.created", "refund.succeeded"}
    assert matching_types(["com.baton.order.held", "com.baton.refund.created"]) == ["order.held", "refund.created"]
    assert matching_types(["com.baton.order.hel"]) == []


@pytest.mark.parametrize("pattern", ["", "com.baton", "com.baton.order", "com.*.held", "order.held", "com.baton.or*"])
def test_other_patterns_are_none(pattern: str) -> None:
    assert not PATTERN.fullmatch(pattern)


def test_every_type_is_a_pattern_too() -> None:
    assert [event for event in PUBLIC if not PATTERN.fullmatch(public_type(event))] == []


def test_free_text_is_not_published() -> None:
    data = {"code": "ADDRESS", "reason": "Ouyang Xiadan has moved", "line_no": 0}

    assert public_data("order.held", data) == {"code": "ADDRESS", "line_no": 0}
