"""Candidates: exclusions, carriers, prices and delivery times."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from domain.calendars import Calendar
from domain.freight import read_rates
from domain.parameters import Carrier
from domain.sourcing.candidates import Rate, Wanted
from domain.sourcing.decision import Basis, decide
from domain.sourcing.eligibility import consider
from domain.sourcing.lead_times import Delivered, LeadTimes, Transit, learn, shrink
from domain.sourcing.outlook import Outlook
from domain.sourcing.places import Place, SourcingRequest, distance
from domain.sourcing.policies import LAST_RESORT
from domain.sourcing.record import inputs_of
from domain.sourcing.terms import OF_EACH_PARCEL, OF_THE_SLOWEST, terms_of
from domain.sourcing.weights import TERMS, Handling, Weights

LAMP, BATTERY = "ELEGANT-LAMP", "POWER-BANK"
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
EVERY_DAY = frozenset(range(1, 8))
NOTHING = frozenset[str]()


def zone(to: str, first: str, step: str, days: int) -> dict[str, Any]:
    return {"name": to, "from": ["*"], "to": [to], "days": days} | {
        "first_grams": 1_000,
        "first": first,
        "step_grams": 1_000,
        "step": step,
    }


RATES = read_rates(
    {
        "FAST": {
            "currency": "CNY",
            "divisor": 0,
            "zones": [zone("=", "12.00", "2.00", 1), zone("CN", "20.00", "8.00", 2)],
        },
        "SLOW": {
            "currency": "CNY",
            "divisor": 0,
            "zones": [zone("=", "9.00", "2.00", 2), zone("CN", "12.00", "4.00", 5)],
        },
    }
)
CHINA = frozenset({"CN"})
CARRIERS = (
    Carrier("FAST", CHINA, NOTHING, frozenset({"lithium_battery"})),
    Carrier("SLOW", CHINA, frozenset({"西藏自治区"}), NOTHING),
)
HANGZHOU = Place(
    "HANGZHOU", "warehouse", "CN", "浙江省", calendar=Calendar("Asia/Shanghai", time(16), EVERY_DAY, "", frozenset())
)
CHENGDU = replace(HANGZHOU, location_id="CHENGDU", province="四川省")
LONDON = Place("LONDON", "warehouse", "GB", "")
PLACES = {place.location_id: place for place in (HANGZHOU, CHENGDU, LONDON)}
STOCK = {name: {LAMP: 5, BATTERY: 5} for name in PLACES}
OUTLOOK = Outlook(MONDAY, Weights(hour=40), CARRIERS, RATES)
ASKED = SourcingRequest(Wanted({LAMP: 1}, {LAMP: 1_200, BATTERY: 400}), "CN", "浙江省")


def test_every_candidate_has_its_carrier_price_hours_and_distance() -> None:
    # when
    found = consider(ASKED, STOCK, PLACES, OUTLOOK)

    # then: Monday 09:00 in China, the goods leave at 16:00
    near = found.candidates["HANGZHOU"]
    assert (near.carrier, near.rate, near.hours) == ("FAST", Rate(1_200, 1_000, 200, 1_000), 7 + 24)
    assert near.kilometers < 1
    assert 1_500 < found.candidates["CHENGDU"].kilometers < 1_600
    assert found.excluded == {"LONDON": "no carrier goes from there to CN 浙江省"}


def test_a_location_without_a_carrier_is_asked_if_no_other_has_the_goods() -> None:
    # when
    found = consider(ASKED, {"LONDON": {LAMP: 1}}, PLACES, OUTLOOK)

    # then
    assert [*found.candidates] == ["LONDON"]
    assert found.excluded == {}


def test_dangerous_goods_go_with_a_carrier_that_takes_them() -> None:
    # given
    asked = replace(ASKED, wanted=Wanted({BATTERY: 1}), dangerous={BATTERY: "lithium_battery"}, carrier="SLOW")

    # when
    found = consider(asked, STOCK, PLACES, OUTLOOK)

    # then
    assert {one.carrier for one in found.candidates.values()} == {"FAST"}
    assert found.excluded["LONDON"] == "no carrier goes from there to CN 浙江省 with lithium_battery"


def test_the_requested_carrier_is_chosen_if_it_delivers_there() -> None:
    found = consider(replace(ASKED, carrier="SLOW"), STOCK, PLACES, OUTLOOK)
    assert {one.carrier for one in found.candidates.values()} == {"SLOW"}


def test_a_pickup_may_only_ship_from_its_store() -> None:
    found = consider(replace(ASKED, pickup_location="CHENGDU"), STOCK, PLACES, OUTLOOK)

    assert [*found.candidates] == ["CHENGDU"]
    assert found.excluded == dict.fromkeys(("HANGZHOU", "LONDON"), "the customer fetches it at CHENGDU")


def test_virtual_rejected_and_empty_locations_are_excluded() -> None:
    # given
    places = PLACES | {"WRITTEN-OFF": Place("WRITTEN-OFF", "virtual", "CN", "浙江省")}
    stock = STOCK | {"WRITTEN-OFF": {LAMP: 9}, "CHENGDU": {LAMP: 0}}

    # when
    found = consider(replace(ASKED, rejected=frozenset({"HANGZHOU"})), stock, places, OUTLOOK)

    # then
    assert {name: found.excluded.get(name) for name in stock} == {
        "HANGZHOU": "it did not take this order before",
        "CHENGDU": "it has none of the goods",
        "LONDON": None,
        "WRITTEN-OFF": "nothing is promised from a virtual location",
    }


def test_what_a_location_keeps_for_itself_is_not_offered_and_is_named() -> None:
    # given
    places = PLACES | {"CHENGDU": replace(CHENGDU, kind="store")}
    stock = {"HANGZHOU": {LAMP: 2}, "CHENGDU": {LAMP: 0}}
    wanted = replace(ASKED, wanted=Wanted({LAMP: 4}))

    # when
    found = consider(wanted, stock, places, OUTLOOK, {"CHENGDU": {LAMP: 3}, "HANGZHOU": {LAMP: 2}})
    decision = decide(Basis(wanted.wanted, found, OUTLOOK.weights), LAST_RESORT)

    # then
    assert found.excluded == {"CHENGDU": "3 kept for the store"}
    assert decision.reason == "1 SKU short over 1 locations; 3 kept for CHENGDU; 2 kept for HANGZHOU"
    assert inputs_of(wanted.wanted, found)["buffered"] == {"CHENGDU": {LAMP: 3}, "HANGZHOU": {LAMP: 2}}


def test_a_full_location_is_excluded_while_others_have_the_goods() -> None:
    # given
    places = PLACES | {"HANGZHOU": replace(HANGZHOU, capacity=100)}
    full = replace(OUTLOOK, used={"HANGZHOU": 100})

    # when
    others_can = consider(ASKED, STOCK, places, full)
    nobody_else = consider(ASKED, {"HANGZHOU": {LAMP: 1}}, places, full)

    # then
    assert others_can.excluded["HANGZHOU"] == "its day is full: 100 of 100 units"
    assert nobody_else.candidates["HANGZHOU"].load == 1.0


def test_after_the_cut_off_goods_leave_on_the_next_working_day() -> None:
    # given
    late = replace(OUTLOOK, at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), _journeys={})

    # when
    hours = consider(ASKED, STOCK, PLACES, late).candidates["HANGZHOU"].hours

    # then: 17:00, an hour late, so that it leaves in 23 hours
    assert hours == 23 + 24


def test_distances_are_by_coordinates_and_by_province_where_there_are_none() -> None:
    assert round(distance(HANGZHOU, "CN", "Shanghai"), -1) == 160
    assert distance(replace(HANGZHOU, point=(31.2, 121.5)), "CN", "上海市") == 0
    assert distance(Place("A", "store", "GB", "Kent"), "GB", "Kent") < distance(
        Place("A", "store", "GB", ""), "GB", "Kent"
    )
    assert distance(LONDON, "CN", "上海市") > distance(CHENGDU, "CN", "")


def test_few_shipments_stay_near_the_published_days_and_many_leave_them() -> None:
    # given
    published = Transit(48, 12)

    # when
    thin, much = (shrink(Transit(24, 2, shipments), published) for shipments in (1, 800))

    # then
    assert published.hours > thin.hours > 44
    assert 24 < much.hours < 25
    assert much.spread < thin.spread


def test_a_narrow_cell_is_shrunk_to_the_wider_one_and_that_to_the_published() -> None:
    # given: 100 parcels of one carrier, four of them on Fridays
    delivered = [
        Delivered("HANGZHOU", "CN/上海市", "FAST", 1, 96, 96 * 20.0, 96 * 400.0),
        Delivered("HANGZHOU", "CN/上海市", "FAST", 5, 4, 4 * 60.0, 4 * 3_600.0),
    ]
    lead_times = LeadTimes(3, learn(delivered))

    # when
    monday, friday, other, unknown = (
        lead_times.expect("HANGZHOU", "CN/上海市", carrier, day, published=48).hours
        for carrier, day in (("FAST", 1), ("FAST", 5), ("SLOW", 2), ("FAST", 3))
    )

    # then
    assert 20 < monday < unknown < friday < 60
    assert 21 < other < 27
    assert lead_times.expect("CHENGDU", "CN/上海市", "FAST", 1, published=48) == Transit(48, 12)


def test_a_weight_scales_its_term_and_zero_leaves_it_out() -> None:
    # given
    candidate = consider(ASKED, STOCK, PLACES, OUTLOOK).candidates["CHENGDU"]
    weights = Weights(promise_hours=40, processing={"warehouse": Handling(150, 20)})
    heavy = replace(candidate, load=0.5)

    # when
    terms = terms_of(heavy, grams=2_500, units=3, weights=weights)
    without = terms_of(heavy, 2_500, 3, replace(weights, percent=dict.fromkeys(TERMS, 0)))

    # then: two days by the fast carrier, 55 hours and 67 with caution
    assert terms == {"freight": 3_600, "processing": 210, "load": 75, "lead_time": 440, "late": 1_080}
    assert set(terms) == {*OF_EACH_PARCEL, *OF_THE_SLOWEST} == set(TERMS) - {"split"}
    assert set(without.values()) == {0}
