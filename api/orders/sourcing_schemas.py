"""What is asked and told about sourcing. Amounts here are whole minor units: they are scores, nobody pays them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.schemas import Answer, Body, Channel, Time

PolicyName = Literal["balanced", "nearest", "cheapest", "fewest_parcels", "earliest_delivery"]
Price = Annotated[int, Field(ge=0, le=1_000_000, description="Minor units of the house's currency")]
Percent = Annotated[int, Field(ge=0, le=1_000)]


class ScoreAnswer(Answer):
    """A candidate by itself: its cost by term, for the `units` that it has of the order (`whole`: all of it)."""

    location_id: str
    whole: bool
    units: int
    terms: dict[str, int]
    total: int


class SourcingDecisionAnswer(Answer):
    """One round of allocation. `assignments` is units by location and SKU, `excluded` why a location is no candidate.

    `parameters` is the version of weights, policies, carriers and rates, `lead_times` that of what was learned (0: the
    published days), `rule_set_id` that of the rules that judged the order. `inputs` is what a trial decides on again.
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
    """How much each term counts: 100 as it is, 0 not at all."""

    freight: Percent | None = None
    split: Percent | None = None
    lead_time: Percent | None = None
    late: Percent | None = None
    load: Percent | None = None
    processing: Percent | None = None


class WeightsBody(Body):
    """What differs from the parameter `sourcing_weights` as it stands."""

    percent: PercentBody | None = None
    split: Price | None = None
    hour: Price | None = None
    late_hour: Price | None = None
    load: Price | None = None
    promise_hours: Annotated[int, Field(ge=1, le=2_000)] | None = None
    caution: Annotated[float, Field(ge=0, le=5)] | None = None


class LinkBody(Body):
    """A policy of a chain; with more parcels than `most_parcels` (0: any) the next one is asked."""

    policy: PolicyName
    most_parcels: Annotated[int, Field(ge=0, le=100)] = 0


class TryBody(Body):
    """Another way to decide: other policies, other weights, or both. What is left out is the house's."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
    policies: list[PolicyName | LinkBody] = Field(default_factory=list, max_length=6)
    weights: WeightsBody = WeightsBody()


class SourcingTrialBody(Body):
    """Over the last so many recorded decisions, of one channel or of all, made from `since` until `until`."""

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
    """`cost_minor` is the balanced objective by the house's weights, whatever was decided by; `late_share` of orders
    may come after the promise; `load` is units by location; `changed` decisions are others than those that were made.
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
    """`complete` is false when there were more decisions than there was time for: the newest count."""

    decisions: int
    complete: bool
    currency: str
    done: TotalsAnswer
    tried: dict[str, TotalsAnswer]
