"""Which units of a platform's statement were shipped by the platform, and which only repeat what we shipped."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.elsewhere import (
    ON_THE_ROAD,
    OwnShipments,
    ParcelElsewhere,
    in_recorded_lines,
    not_ours,
    resolve,
    taken_as_delivered,
    units_by_line,
)
from domain.money import Money
from domain.order import OrderLine

LEFT = datetime(2026, 11, 20, 9, tzinfo=UTC)
LAMPS, CUPS = 1, 2
ORDERED = {LAMPS: 2, CUPS: 1}


def parcel(waybill: str = "", **lines: int) -> ParcelElsewhere:
    held = tuple(({"lamps": LAMPS, "cups": CUPS}[name], units) for name, units in lines.items())
    return ParcelElsewhere(waybill or "order", "SF", waybill, LEFT, None, held)


def test_a_parcel_without_lines_holds_what_no_other_does() -> None:
    found = resolve([parcel(), parcel("SF1", lamps=2)], ORDERED)

    assert [one.lines for one in found] == [((LAMPS, 2),), ((CUPS, 1),)]


def test_no_parcel_holds_more_than_was_ordered() -> None:
    found = resolve([parcel("SF1", lamps=9), parcel("SF2", lamps=1, cups=1)], ORDERED)

    assert [one.lines for one in found] == [((LAMPS, 2),), ((CUPS, 1),)]


def test_our_own_waybill_comes_back_as_an_echo() -> None:
    own = OwnShipments(frozenset({"SF123"}), {LAMPS: 2, CUPS: 1})

    assert not_ours(resolve([parcel("sf-12 3")], ORDERED), own) == []


def test_beside_our_parcel_the_platforms_counts() -> None:
    own = OwnShipments(frozenset({"OURS"}), {LAMPS: 2})

    found = not_ours(resolve([parcel("OURS", lamps=2), parcel("THEIRS", cups=1)], ORDERED), own)

    assert units_by_line(found) == {CUPS: 1}


def test_without_a_waybill_the_units_that_we_shipped_are_the_ones_meant() -> None:
    own = OwnShipments(frozenset(), {LAMPS: 1})

    found = not_ours(resolve([parcel(lamps=2)], ORDERED), own)

    assert units_by_line(found) == {LAMPS: 1}


def test_units_under_our_waybill_explain_no_second_parcel() -> None:
    own = OwnShipments(frozenset({"OURS"}), {LAMPS: 1})

    found = not_ours(resolve([parcel("OURS", lamps=1), parcel(lamps=1)], ORDERED), own)

    assert units_by_line(found) == {LAMPS: 1}


@pytest.mark.parametrize("named", [("OURS", "THEIRS"), ("THEIRS", "OURS")])
def test_our_waybill_of_a_whole_order_does_not_hide_that_of_another(named: tuple[str, str]) -> None:
    # given a lamp that we shipped, of an order that the platform ships as a whole under two waybills
    own = OwnShipments(frozenset({"OURS"}), {LAMPS: 1})
    parcels = [parcel(one) for one in named]

    # when
    found = not_ours(resolve(parcels, ORDERED, own.waybills), own, {"OURS", "THEIRS"})

    # then theirs has what has not left us
    assert [(one.waybill, one.lines) for one in found] == [("THEIRS", ((LAMPS, 1), (CUPS, 1)))]


def test_a_whole_order_under_our_waybill_alone_says_nothing_of_what_is_still_here() -> None:
    own = OwnShipments(frozenset({"OURS"}), {LAMPS: 1})

    assert not_ours(resolve([parcel("OURS")], ORDERED, own.waybills), own, {"OURS"}) == []


PARCELS = st.lists(
    st.builds(
        ParcelElsewhere,
        key=st.sampled_from("abc"),
        waybill=st.sampled_from(["", "OURS", "THEIRS"]),
        lines=st.lists(st.tuples(st.sampled_from([LAMPS, CUPS]), st.integers(0, 3)), max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(PARCELS, st.integers(0, 2), st.integers(0, 1))
def test_never_is_a_unit_counted_twice(parcels: list[ParcelElsewhere], lamps: int, cups: int) -> None:
    own = OwnShipments(frozenset({"OURS"}), {LAMPS: lamps, CUPS: cups})

    found = units_by_line(not_ours(resolve(parcels, ORDERED), own))

    assert all(found[number] <= units for number, units in ORDERED.items())


def test_lines_that_changed_places_are_found_by_the_platforms_id() -> None:
    price = Money(100, "CNY")
    sent = [OrderLine(1, "CUP", 1, price, price, channel_line_id="c"), OrderLine(2, "LAMP", 2, price, price)]

    [found] = in_recorded_lines([ParcelElsewhere("p", lines=((1, 1), (2, 2)))], sent, {1: "l", 2: "c", 3: ""})

    assert found.lines == ((2, 1), (2, 2))


def test_a_parcel_without_a_delivery_counts_as_delivered_after_ten_days() -> None:
    assert taken_as_delivered(LEFT, LEFT + timedelta(days=2)) == LEFT + timedelta(days=2)
    assert taken_as_delivered(LEFT, None) == LEFT + ON_THE_ROAD


def test_parcels_without_a_waybill_of_their_own_lose_no_units() -> None:
    parcels = [ParcelElsewhere("order", lines=((1, 1),)), ParcelElsewhere("order", lines=((1, 1), (2, 1)))]

    assert resolve(parcels, {1: 3, 2: 1}) == [ParcelElsewhere("order", lines=((1, 2), (2, 1)))]
