"""Bodies of rules that staff write."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.orders.sourcing_schemas import PolicyName
from api.schemas import Body, Channel, Prose, Quantity, Sku, Time

MAX_RULES = 200
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Words = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reason = Annotated[Prose, Field(min_length=1, max_length=300, description="Shown with the order: name nobody.")]


class HoldAction(Body):
    """Holds the order as `RULE:{name}` until somebody of `owner_role` releases it."""

    type: Literal["hold"]
    reason: Reason
    owner_role: Word = "staff"


class RejectAction(Body):
    type: Literal["reject"]
    reason: Reason


class TagAction(Body):
    type: Literal["tag"]
    tag: Words


class CarrierAction(Body):
    type: Literal["set_carrier"]
    carrier: Words


class LocationAction(Body):
    type: Literal["set_location"]
    location: Words


class PriorityAction(Body):
    """Lower priorities are served first; 100 is the default."""

    type: Literal["set_priority"]
    priority: Annotated[int, Field(ge=1, le=1000)]


class MergeWindowAction(Body):
    type: Literal["merge_window"]
    merge_window_seconds: Annotated[int, Field(ge=0, le=86_400)]


class SourcingPolicyAction(Body):
    """This policy is tried first; where it does not fit, the usual ones of the channel follow."""

    type: Literal["set_sourcing_policy"]
    sourcing_policy: PolicyName


class GiftAction(Body):
    type: Literal["add_gift"]
    sku: Sku
    quantity: Quantity = 1


class EscalateAction(Body):
    """An order that is still at risk `escalate_after_minutes` after its alert goes to the role `escalate_to`."""

    type: Literal["escalate"]
    escalate_to: Word
    escalate_after_minutes: Annotated[int, Field(ge=0, le=10_080)]


Action = Annotated[
    HoldAction
    | RejectAction
    | TagAction
    | CarrierAction
    | LocationAction
    | PriorityAction
    | MergeWindowAction
    | SourcingPolicyAction
    | GiftAction
    | EscalateAction,
    Field(discriminator="type"),
]


class ScopeBody(Body):
    """The orders that a rule applies to: of these channels (all if none), placed from `starts` until `ends`."""

    channels: list[Channel] = Field(default_factory=list, max_length=100)
    starts: Time | None = None
    ends: Time | None = None


class RuleBody(Body):
    name: Word
    expression: Annotated[Prose, Field(min_length=1, max_length=5_000, description="CEL; see docs/rules.md")]
    action: Action
    scope: ScopeBody = ScopeBody()


class RuleSetBody(Body):
    """A new version with these rules, or with those of the version `from`."""

    made_from: Annotated[int | None, Field(alias="from", ge=1, le=2**31)] = None
    note: Annotated[Prose, Field(max_length=300)] = ""
    rules: Annotated[list[RuleBody], Field(min_length=1, max_length=MAX_RULES)] | None = None

    @model_validator(mode="after")
    def _has_rules(self) -> "RuleSetBody":
        if self.rules is None and self.made_from is None:
            raise ValueError("give rules, or the version to take them from")
        return self


class TrialBody(Body):
    """A trial over the last `orders` recorded, of one channel or of all."""

    orders: Annotated[int, Field(ge=1, le=5_000)] = 500
    channel: Channel | None = None


class ActivationBody(Body):
    """`force` activates a version that was never tried, and then needs a reason."""

    reason: Annotated[Prose, Field(max_length=300)] = ""
    force: bool = False

    @model_validator(mode="after")
    def _says_why(self) -> "ActivationBody":
        if self.force and not self.reason:
            raise ValueError("say the reason why it is forced")
        return self


class RetirementBody(Body):
    reason: Annotated[Prose, Field(min_length=1, max_length=300)]
