"""Views of the stock: shares of channels, bundles from parts, and distances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bundles import explode, whole
from domain.stock.views import Share, channel_view, kilometers

UNITS = st.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("available", "share", "left", "shown"),
    [
        (10, Share(), None, 10),
        (10, Share(50, 1), None, 4),
        (11, Share(50, 0), None, 5),
        (1, Share(50, 0), None, 0),
        (10, Share(100, 11), None, 0),
        (10, Share(), 3, 3),
        (10, Share(), 0, 0),
        (10, Share(0, 0), 5, 0),
    ],
)
def test_a_channel_is_shown_its_share_less_its_reserve(
    available: int, share: Share, left: int | None, shown: int
) -> None:
    assert channel_view(available, share, left) == shown


@given(UNITS, st.integers(0, 100), UNITS, st.none() | UNITS)
def test_no_channel_is_shown_more_than_there_is(available: int, percent: int, reserve: int, left: int | None) -> None:
    assert 0 <= channel_view(available, Share(percent, reserve), left) <= available


@given(st.dictionaries(st.sampled_from("abc"), st.integers(1, 5), min_size=1), st.integers(0, 50))
def test_exploding_bundles_and_counting_whole_ones_agree(parts: dict[str, int], bundles: int) -> None:
    needed = explode({"set": bundles}, {"set": parts})
    assert whole(parts, needed) == bundles
    scarce = min(parts)
    assert whole(parts, {**needed, scarce: needed[scarce] - 1}) == max(0, bundles - 1)


def test_a_part_ordered_alone_and_in_a_bundle_is_summed() -> None:
    assert explode({"set": 2, "cup": 1}, {"set": {"lamp": 1, "cup": 2}}) == {"lamp": 2, "cup": 5}


def test_the_distance_is_that_of_the_published_example() -> None:
    # Nashville to Los Angeles, 2,887.26 km on a sphere of 6,372.8 km (Rosetta Code, "Haversine formula").
    nashville, los_angeles = (36.12, -86.67), (33.94, -118.40)
    assert kilometers(nashville, los_angeles) * 6372.8 / 6371.0088 == pytest.approx(2887.2599506)
