"""Deciding who ships: nothing is assigned that is not there, each policy counts what it says, and a chain goes on."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sourcing.candidates import Candidate, Rate, Wanted
from domain.sourcing.decision import Basis, SourcingDecision, decide
from domain.sourcing.eligibility import CandidateSet
from domain.sourcing.policies import POLICIES, Chain, Link, read_chain
from domain.sourcing.weights import Handling, Weights

LAMP, TEACUP, RUG = "ELEGANT-LAMP", "QUIET-TEACUP", "WOOL-RUG"
SKUS = st.sampled_from([LAMP, TEACUP, RUG])
DEMANDS = st.dictionaries(SKUS, st.integers(1, 9), min_size=1)
PLACES = st.builds(
    Candidate,
    st.sampled_from(["HANGZHOU", "NINGBO", "CHENGDU", "LONDON", "BERLIN"]),
    # A counter may be below zero in the eyes of a rule that sets stock aside.
    st.dictionaries(SKUS, st.integers(-3, 9)),
    kind=st.sampled_from(["warehouse", "store"]),
    kilometers=st.integers(0, 9_000),
    rate=st.builds(Rate, st.integers(600, 2_500), st.just(1_000), st.integers(0, 900), st.sampled_from([500, 1_000])),
    hours=st.integers(3, 200),
    load=st.floats(0, 1.5),
)
FIELDS = st.lists(PLACES, max_size=5, unique_by=lambda place: place.location_id)
POLICY = st.sampled_from(sorted(POLICIES))
WEIGHTS = Weights(processing={"warehouse": Handling(150, 20), "store": Handling(400, 60)})


def decided(
    demand: dict[str, int], candidates: list[Candidate], chain: Chain, specified: str = "", part: bool = False
) -> SourcingDecision:
    wanted = Wanted(demand, {LAMP: 900, TEACUP: 250, RUG: 2_600})
    found = CandidateSet({one.location_id: one for one in candidates})
    return decide(Basis(wanted, found, WEIGHTS), chain, specified, part)


def smallest_split(demand: dict[str, int], candidates: list[Candidate]) -> int:
    """The fewest locations that have everything together, by trying all."""
    return next(
        size
        for size in range(1, len(candidates) + 1)
        for group in combinations(candidates, size)
        if all(sum(max(0, one.available.get(sku, 0)) for one in group) >= units for sku, units in demand.items())
    )


@given(DEMANDS, FIELDS, POLICY)
def test_no_location_is_asked_for_more_than_it_has(
    demand: dict[str, int], candidates: list[Candidate], policy: str
) -> None:
    # when
    decision = decided(demand, candidates, (Link(policy),))

    # then
    available = {candidate.location_id: candidate.available for candidate in candidates}
    for location, skus in decision.assignments.items():
        assert skus
        for sku, units in skus.items():
            assert 0 < units <= available[location][sku]


@given(DEMANDS, FIELDS, POLICY)
def test_everything_is_assigned_or_something_is_short(
    demand: dict[str, int], candidates: list[Candidate], policy: str
) -> None:
    # when
    decision = decided(demand, candidates, (Link(policy),))

    # then
    stock = {sku: sum(max(0, one.available.get(sku, 0)) for one in candidates) for sku in demand}
    short = {sku: units - stock[sku] for sku, units in demand.items() if units > stock[sku]}
    assert decision.short == short
    assert decision.assigned == ({} if short else demand)


@given(DEMANDS, FIELDS, POLICY)
def test_a_partial_decision_assigns_everything_available(
    demand: dict[str, int], candidates: list[Candidate], policy: str
) -> None:
    # when
    decision = decided(demand, candidates, (Link(policy),), part=True)

    # then
    together = {sku: decision.assigned.get(sku, 0) + decision.short.get(sku, 0) for sku in demand}
    assert together == demand


@given(DEMANDS, FIELDS)
def test_the_nearest_location_that_has_all_ships_alone(demand: dict[str, int], candidates: list[Candidate]) -> None:
    # when
    decision = decided(demand, candidates, (Link("nearest"),))

    # then
    whole = [
        (candidate.kilometers, candidate.location_id)
        for candidate in candidates
        if all(candidate.available.get(sku, 0) >= units for sku, units in demand.items())
    ]
    if whole:
        assert decision.assignments == {min(whole)[1]: demand}


@settings(derandomize=True)
@given(DEMANDS, FIELDS, st.sampled_from(["nearest", "fewest_parcels"]))
def test_a_split_takes_the_fewest_locations_that_there_can_be(
    demand: dict[str, int], candidates: list[Candidate], policy: str
) -> None:
    # when
    decision = decided(demand, candidates, (Link(policy),))

    # then
    if not decision.short:
        assert len(decision.assignments) == smallest_split(demand, candidates)


@given(DEMANDS, FIELDS, POLICY)
def test_the_order_in_which_locations_are_named_changes_nothing(
    demand: dict[str, int], candidates: list[Candidate], policy: str
) -> None:
    forward, backward = (decided(demand, some, (Link(policy),)) for some in (candidates, candidates[::-1]))
    assert forward == backward


def test_each_policy_chooses_what_it_is_named_for() -> None:
    # given: a near, a cheap, a fast and an ordinary place, all with everything
    stock = {LAMP: 5}
    candidates = [
        Candidate("NEAR", stock, kilometers=10, rate=Rate(3_000), hours=90),
        Candidate("CHEAP", stock, kilometers=900, rate=Rate(600), hours=190),
        Candidate("FAST", stock, kilometers=700, rate=Rate(2_600), hours=12),
        Candidate("ORDINARY", stock, kilometers=300, rate=Rate(1_000), hours=40),
    ]

    # when
    chosen = {name: [*decided({LAMP: 2}, candidates, (Link(name),)).assignments] for name in POLICIES}

    # then
    assert chosen == {
        "nearest": ["NEAR"],
        "cheapest": ["CHEAP"],
        "earliest_delivery": ["FAST"],
        "balanced": ["ORDINARY"],
        "fewest_parcels": ["ORDINARY"],
    }


def test_a_chain_goes_on_if_a_policy_needs_too_many_parcels() -> None:
    # given: two parcels are cheaper than one
    candidates = [
        Candidate("LAMPS", {LAMP: 1}, rate=Rate(100)),
        Candidate("CUPS", {TEACUP: 1}, rate=Rate(100)),
        Candidate("BOTH", {LAMP: 1, TEACUP: 1}, rate=Rate(5_000), kilometers=10),
    ]
    chain = read_chain([{"policy": "cheapest", "most_parcels": 1}, "nearest"])

    # when
    free, bound = (decided({LAMP: 1, TEACUP: 1}, candidates, links) for links in (read_chain(["cheapest"]), chain))

    # then
    assert (free.policy, [*free.assignments]) == ("cheapest", ["CUPS", "LAMPS"])
    assert (bound.policy, [*bound.assignments]) == ("nearest", ["BOTH"])


def test_a_specified_location_ships_if_it_has_everything() -> None:
    # given
    candidates = [Candidate("NEAR", {LAMP: 5}), Candidate("WISHED", {LAMP: 1}, kilometers=5_000)]

    # when / then
    assert decided({LAMP: 1}, candidates, (Link("nearest"),), "WISHED").assignments == {"WISHED": {LAMP: 1}}
    assert decided({LAMP: 2}, candidates, (Link("nearest"),), "WISHED").assignments == {"NEAR": {LAMP: 2}}


def test_a_short_sku_is_reported_and_nothing_is_assigned() -> None:
    # when
    decision = decided({LAMP: 3, TEACUP: 1}, [Candidate("HANGZHOU", {LAMP: 1, TEACUP: 5})], (Link("balanced"),))

    # then
    assert decision == SourcingDecision({}, {LAMP: 2}, "1 SKU short over 1 locations", ("HANGZHOU",))


def test_the_reason_names_locations_policy_cost_hours_and_distance() -> None:
    # given
    place = Candidate("HANGZHOU", {LAMP: 1}, kilometers=146.2, rate=Rate(1_200), hours=26.4)

    # when
    decision = decided({LAMP: 1}, [place], (Link("balanced"),))

    # then
    assert decision.reason == "balanced: HANGZHOU has all, costs 15.81, 26 h and 146 km to the door"


def test_among_equals_the_priority_decides_and_then_the_name() -> None:
    # given
    stock = {LAMP: 5}
    candidates = [Candidate("ANSHAN", stock, priority=90), Candidate("ZIBO", stock, priority=10)]

    # when / then
    for policy in POLICIES:
        assert [*decided({LAMP: 1}, candidates, (Link(policy),)).assignments] == ["ZIBO"]
        assert [
            *decided({LAMP: 1}, [candidates[0], Candidate("ANYANG", stock, priority=90)], (Link(policy),)).assignments
        ] == ["ANSHAN"]
