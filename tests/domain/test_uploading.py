"""Uploads of parcels: after the payment, in order of time, in parts that the platform takes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contents.snapshot import Snapshot
from domain.uploading import NotYet, Parts, Upload, next_upload
from tests.domain.messages import CUPS, LAMPS, a_parcel, a_snapshot, hours_after
from tests.factories import an_order

ORDER = an_order()
PAID, NOW = hours_after(ORDER, 1), hours_after(ORDER, 100)
FIRST, SECOND, THIRD = (
    a_parcel(ORDER, 1, {LAMPS: 1}, hours=10),
    a_parcel(ORDER, 2, {LAMPS: 1, CUPS: 1}, hours=20),
    a_parcel(ORDER, 1, {LAMPS: 2, CUPS: 1}, hours=10),
)


def left(*parcels: Any, **changes: Any) -> Snapshot:
    return a_snapshot(ORDER, parcels=list(parcels), **changes)


def all_uploads(snapshot: Snapshot, parts: Parts, told: tuple[Upload, ...] = ()) -> list[Upload]:
    """Everything that is told from now on."""
    uploads = list(told)
    while upload := next_upload(snapshot, uploads, parts, PAID, NOW):
        uploads.append(upload)
    return uploads[len(told) :]


def told_of(uploads: list[Upload]) -> list[tuple[str, dict[int, int], bool]]:
    return [(upload.waybill, dict(upload.lines), upload.whole) for upload in uploads]


@pytest.mark.parametrize("parts", Parts)
def test_an_order_in_one_parcel_is_uploaded_as_a_whole(parts: Parts) -> None:
    assert told_of(all_uploads(left(THIRD), parts)) == [("SF-1", {LAMPS: 2, CUPS: 1}, True)]


@pytest.mark.parametrize(
    ("parts", "first", "then"),
    [
        (Parts.UNITS, [("SF-1", {LAMPS: 1}, False)], [("SF-2", {LAMPS: 1, CUPS: 1}, False)]),
        (Parts.LINES, [], [("SF-2", {LAMPS: 2, CUPS: 1}, True)]),
        (Parts.ORDER, [], [("SF-2", {LAMPS: 2, CUPS: 1}, True)]),
    ],
    ids=list(Parts),
)
def test_uploads_use_the_smallest_parts_that_the_platform_takes(parts: Parts, first: Any, then: Any) -> None:
    # when
    before = all_uploads(left(FIRST), parts)
    after = all_uploads(left(FIRST, SECOND), parts, tuple(before))

    # then
    assert (told_of(before), told_of(after)) == (first, then)


def test_a_complete_line_is_uploaded_while_another_waits() -> None:
    # given
    cups, lamps = a_parcel(ORDER, 1, {CUPS: 1}, hours=10), a_parcel(ORDER, 2, {LAMPS: 2}, hours=20)

    # when
    before = all_uploads(left(cups), Parts.LINES)
    after = all_uploads(left(cups, lamps), Parts.LINES, tuple(before))

    # then
    assert told_of(before) == [("SF-1", {CUPS: 1}, False)]
    assert told_of(after) == [("SF-2", {LAMPS: 2}, False)]


@pytest.mark.parametrize("parts", [Parts.LINES, Parts.ORDER])
def test_what_is_no_longer_wanted_is_not_waited_for(parts: Parts) -> None:
    # given
    snapshot = left(FIRST)
    short = [replace(line, withdrawn=1) for line in snapshot.lines]

    # when
    uploads = all_uploads(replace(snapshot, lines=short), parts)

    # then
    assert told_of(uploads) == [("SF-1", {LAMPS: 1}, False)]


@pytest.mark.parametrize("parts", Parts)
def test_at_the_end_of_the_order_everything_shipped_is_uploaded(parts: Parts) -> None:
    assert told_of(all_uploads(left(FIRST, status="completed"), parts)) == [("SF-1", {LAMPS: 1}, False)]


def test_nothing_is_uploaded_before_the_payment() -> None:
    with pytest.raises(NotYet, match="not paid"):
        next_upload(left(THIRD), [], Parts.UNITS, None, NOW)


def test_nothing_is_uploaded_before_it_happened() -> None:
    with pytest.raises(NotYet, match="not left yet"):
        next_upload(left(THIRD), [], Parts.UNITS, PAID, hours_after(ORDER, 9))


def test_a_gift_of_ours_is_not_the_channels_line() -> None:
    # given
    snapshot = left(a_parcel(ORDER, 1, {LAMPS: 2, CUPS: 1}))
    gift = [*snapshot.lines[:1], replace(snapshot.lines[1], ours=True)]

    # then
    assert told_of(all_uploads(replace(snapshot, lines=gift), Parts.UNITS)) == [("SF-1", {LAMPS: 2}, True)]


@given(
    leaving=st.lists(st.floats(-5, 90), min_size=1, max_size=3),
    paid=st.floats(0, 50),
    parts=st.sampled_from(Parts),
)
def test_each_upload_is_later_than_the_ones_before_and_none_in_the_future(
    leaving: list[float], paid: float, parts: Parts
) -> None:
    # given
    units = [{LAMPS: 1}, {LAMPS: 1}, {CUPS: 1}]
    parcels = [a_parcel(ORDER, number, units[number - 1], hours) for number, hours in enumerate(leaving, 1)]
    snapshot, paid_at, told = left(*parcels, status="completed"), hours_after(ORDER, paid), list[Upload]()

    # when
    while upload := next_upload(snapshot, told, parts, paid_at, NOW):
        told.append(upload)

    # then
    times = [ORDER.placed_at, paid_at, *(upload.happened_at for upload in told), NOW]
    assert times[1:] == sorted(times[1:])
    assert len({upload.happened_at for upload in told}) == len(told)
    assert all(upload.happened_at > paid_at and upload.happened_at > ORDER.placed_at for upload in told)
    said = [sum(upload.lines.get(line, 0) for upload in told) for line in (LAMPS, CUPS)]
    assert said == [sum(one.get(line, 0) for one in units[: len(leaving)]) for line in (LAMPS, CUPS)]
