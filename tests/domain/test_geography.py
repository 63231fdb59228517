"""Points and names of places: the middle of several, names as they are compared, and what a distance is measured by."""

from dataclasses import replace

import pytest

from domain.geography import CITY, Spot, middle, postal_prefix, spellings
from domain.sourcing.candidates import Candidate, Wanted
from domain.sourcing.decision import Basis, decide
from domain.sourcing.eligibility import CandidateSet, consider
from domain.sourcing.outlook import Outlook
from domain.sourcing.places import Place, SourcingRequest
from domain.sourcing.policies import Link
from domain.sourcing.weights import Weights
from tests.domain.test_sourcing_candidates import MONDAY

LAMP = "ELEGANT-LAMP"
LONDON = Place("LONDON", "warehouse", "GB", "", point=(51.5, -0.1))
MANCHESTER = replace(LONDON, location_id="MANCHESTER", point=(53.5, -2.2))
LIVERPOOL = Spot((53.4, -3.0), CITY)


def test_the_middle_lies_among_the_points_also_across_the_date_line() -> None:
    assert middle([((0.0, 10.0), 1), ((0.0, 20.0), 1)]) == (0.0, 15.0)
    assert middle([((0.0, 10.0), 3), ((0.0, 50.0), 1)])[1] < 20
    assert abs(middle([((-17.0, 178.0), 1), ((-17.0, -178.0), 1)])[1]) == 180
    with pytest.raises(ValueError, match="middle"):
        middle([((0.0, 0.0), 1), ((0.0, 180.0), 0), ((0.0, 0.0), -1)])


def test_names_are_compared_without_case_and_with_or_without_accents() -> None:
    assert spellings(" São  Paulo") == {"são paulo", "sao paulo"}
    assert postal_prefix("wc2e 9dd") == postal_prefix("WC2E-9DD") == "WC2E9DD"


def test_the_nearest_location_is_that_to_the_city_and_the_reason_says_so() -> None:
    # given
    places = {place.location_id: place for place in (LONDON, MANCHESTER)}
    asked = SourcingRequest(Wanted({LAMP: 1}), "GB", "", spot=LIVERPOOL)
    outlook = Outlook(MONDAY, Weights())

    # when
    found = consider(asked, {name: {LAMP: 1} for name in places}, places, outlook)
    decision = decide(Basis(asked.wanted, found, outlook.weights), (Link("nearest"),))

    # then
    assert decision.assignments == {"MANCHESTER": {LAMP: 1}}
    assert decision.reason.endswith(f"{found.candidates['MANCHESTER'].kilometers:.0f} km to the door by city")
    assert found.candidates["MANCHESTER"].kilometers == round(found.candidates["MANCHESTER"].kilometers)
    unknown = consider(replace(asked, spot=None), {name: {LAMP: 1} for name in places}, places, outlook)
    assert unknown.measured_by == "assumed"


def test_distance_breaks_ties_before_the_id_and_after_the_priority() -> None:
    # given
    far, near = Candidate("A", {LAMP: 1}, kilometers=400.0), Candidate("B", {LAMP: 1}, kilometers=40.0)

    def chosen(*candidates: Candidate) -> list[str]:
        found = CandidateSet({one.location_id: one for one in candidates})
        return [*decide(Basis(Wanted({LAMP: 1}), found, Weights()), (Link("balanced"),)).assignments]

    # then
    assert chosen(far, near) == ["B"]
    assert chosen(replace(far, priority=99), near) == ["A"]

    # and of three that have one lamp each, the nearest two share what is asked for
    middle_one = Candidate("0", {LAMP: 1}, kilometers=200.0)
    found = CandidateSet({one.location_id: one for one in (far, near, middle_one)})
    shared = decide(Basis(Wanted({LAMP: 2}), found, Weights()), (Link("balanced"),)).assignments
    assert sorted(shared) == ["0", "B"]
