"""Bodies and answers about sourcing. Amounts are whole minor units: they are scores, not prices to pay."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.schemas import Answer, Body, Channel, Time

PolicyName = Literal["balanced", "nearest", "cheapest", "fewest_parcels", "earliest_delivery"]
Price = Annotated[int, Field(ge=0, le=1_000_000, description="Minor units of the currency that sourcing counts in")]
Percent = Annotated[int, Field(ge=0, le=1_000)]


class ScoreAnswer(Answer):
    """One candidate: its cost by term, for the `units` of the order that it has (`whole`: all of them)."""

    location_id: str
    whole: bool
    units: int
    terms: dict[str, int]
    total: int


class SourcingDecisionAnswer(Answer):
    """One round of allocation. `assignments` is units by location and SKU; `excluded` says why a location is no
    candidate.

    `parameters` is the version of weights, policies, carriers and rates; `lead_times` that of the learned lead times
    (0: the published days); `rule_set_id` that of the rules that audited the order. A trial decides again on `inputs`.
    """

    round: int
    at: datetime
    policy: str
    solved: Literal["fast", "exact"]
    reason: str
    cost_minor: int
    currency: str
    hours: float
    late: bool
    assignments: dict[str, dict[str, int]]
    scores: list[ScoreAnswer]
    excluded: dict[str, str]
    inputs: dict[str, Any]
    parameters: str
    lead_times: int
    rule_set_id: int | None


class SourcingAnswer(Answer):
    order_id: str
    decisions: list[SourcingDecisionAnswer]


class PercentBody(Body):
    """How much each term counts in percent: 100 unchanged, 0 not at all."""

    freight: Percent | None = None
    split: Percent | None = None
    lead_time: Percent | None = None
    late: Percent | None = None
    load: Percent | None = None
    processing: Percent | None = None


class WeightsBody(Body):
    """Changes to the parameter `sourcing_weights` in force."""

    percent: PercentBody | None = None
    split: Price | None = None
    hour: Price | None = None
    late_hour: Price | None = None
    load: Price | None = None
    promise_hours: Annotated[int, Field(ge=1, le=2_000)] | None = None
    caution: Annotated[float, Field(ge=0, le=5)] | None = None


class LinkBody(Body):
    """A policy of a chain. If it needs more parcels than `most_parcels` (0: no limit), the next one is tried."""

    policy: PolicyName
    most_parcels: Annotated[int, Field(ge=0, le=100)] = 0


class TryBody(Body):
    """Other policies, other weights, or both. What is left out is as in force."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
    policies: list[PolicyName | LinkBody] = Field(default_factory=list, max_length=6)
    weights: WeightsBody = WeightsBody()


class SourcingTrialBody(Body):
    """A trial over the last `orders` recorded decisions, of one channel or of all, made from `since` until `until`."""

    orders: Annotated[int, Field(ge=1, le=5_000)] = 500
    channel: Channel | None = None
    since: Time | None = None
    until: Time | None = None
    tries: Annotated[list[TryBody], Field(min_length=1, max_length=5)]

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "SourcingTrialBody":
        if len({one.name for one in self.tries}) < len(self.tries):
            raise ValueError("two tries have the same name")
        return self


class TotalsAnswer(Answer):
    """`cost_minor` is the balanced objective by the weights in force, whatever the decision used. `late_share` is the
    share of orders that may arrive after the promise; `load` is units by location; `changed` counts decisions that
    differ from those that were made.
    """

    cost_minor: int
    freight_minor: int
    parcels: int
    late_share: float
    mean_hours: float
    load: dict[str, int]
    changed: int
    examples: list[str]


class SourcingTrialAnswer(Answer):
    """`complete` is false when time ran out before all decisions were tried: then only the newest count."""

    decisions: int
    complete: bool
    currency: str
    done: TotalsAnswer
    tried: dict[str, TotalsAnswer]
