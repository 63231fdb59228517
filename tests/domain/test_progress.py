"""The progress of order lines, derived from work that is counted by SKU."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from domain.progress import LineProgress, OrderedLine, WorkLine, line_progress

LAMP, BULB, EVENING = "ELEGANT-LAMP", "WARM-BULB", "EVENING-SET"
BEFORE_PICKED = ("open", "released", "picking")
STATUSES = ("open", "released", "picking", "picked", "packed", "shipped", "delivered", "rejected", "canceled")

WORKED = some.builds(
    WorkLine, some.sampled_from(STATUSES), some.sampled_from((LAMP, BULB)), some.integers(1, 9), some.none()
).map(lambda one: one if one.status in BEFORE_PICKED else replace(one, picked=one.quantity - 1))
LINES = some.lists(
    some.tuples(some.sampled_from((LAMP, BULB, EVENING)), some.integers(1, 9)), min_size=1, max_size=5
).map(lambda lines: [OrderedLine(number, sku, units) for number, (sku, units) in enumerate(lines, 1)])


def test_lines_of_one_sku_fill_in_their_order() -> None:
    lines = [OrderedLine(1, LAMP, 2), OrderedLine(2, LAMP, 3)]
    work = [WorkLine("shipped", LAMP, 3, 3), WorkLine("released", LAMP, 1, None), WorkLine("rejected", LAMP, 9, None)]

    told = line_progress(lines, work, {LAMP: 1}, {})

    assert told[1] == LineProgress(allocated=2, picked=2, shipped=2)
    assert told[2] == LineProgress(allocated=2, picked=1, shipped=1, short=1)


def test_a_bundle_is_as_far_as_its_last_part() -> None:
    bundles = {EVENING: {LAMP: 1, BULB: 2}}
    work = [WorkLine("delivered", LAMP, 2, 2), WorkLine("delivered", BULB, 2, 2), WorkLine("picking", BULB, 2, None)]

    told = line_progress([OrderedLine(1, EVENING, 2)], work, {}, bundles)

    assert told[1] == LineProgress(allocated=2, picked=1, shipped=1, delivered=1)


def test_what_was_withdrawn_is_not_waited_for() -> None:
    told = line_progress([OrderedLine(1, LAMP, 3, withdrawn=2)], [WorkLine("delivered", LAMP, 1, 1)], {}, {})

    assert told[1] == LineProgress(1, 1, 1, 1)


@given(lines=LINES, work=some.lists(WORKED, max_size=8), short=some.integers(0, 9))
def test_each_stage_is_a_part_of_the_one_before_and_of_what_was_ordered(
    lines: list[OrderedLine], work: list[WorkLine], short: int
) -> None:
    told = line_progress(lines, work, {LAMP: short}, {EVENING: {LAMP: 1, BULB: 2}})

    for line in lines:
        one = told[line.line_no]
        assert 0 <= one.delivered <= one.shipped <= one.picked <= one.allocated <= line.quantity
        assert 0 <= one.short <= line.quantity - one.allocated
