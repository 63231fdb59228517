"""Bodies and answers about subscriptions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from api.schemas import NO_CONTROLS, Answer, Body, Time
from domain.network import target_of
from domain.public_events import PATTERN, matching_types


def _url(url: str) -> str:
    target_of(url)
    return url


def _pattern(pattern: str) -> str:
    if not PATTERN.fullmatch(pattern) or not matching_types([pattern]):
        raise ValueError("no event is of this type; docs/asyncapi.yaml has them all, and the last part may be *")
    return pattern


Url = Annotated[str, Field(max_length=2_000, pattern=r"^https?://[^\x00-\x20\x7f]+$"), AfterValidator(_url)]
Types = Annotated[
    list[Annotated[str, Field(max_length=100, pattern=rf"^({PATTERN.pattern})$"), AfterValidator(_pattern)]],
    Field(min_length=1, max_length=50, description="Types in full, `com.baton.order.*`, or `*` for all"),
]
Channel = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]
Description = Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)]
People = Annotated[bool, Field(description="Include the receiver: name, phone, address")]


class SubscriptionBody(Body):
    """Matching events are sent to the URL from now on, or from `since` on."""

    url: Url
    types: Types
    channel: Annotated[Channel | None, Field(description="Only orders of this channel")] = None
    description: Description = ""
    people: People = False
    active: bool = True
    since: Time | None = None


class SubscriptionChange(Body):
    """Fields left out stay as they are. `active: true` also ends a pause or the effect of a 410; missed events are then
    sent."""

    url: Url | None = None
    types: Types | None = None
    channel: Channel | None = None
    description: Description | None = None
    people: People | None = None
    active: bool | None = None


class RotationBody(Body):
    overlap_seconds: Annotated[
        int, Field(ge=0, le=7 * 86_400, description="How long messages are signed with both secrets")
    ] = 86_400


class ReplayBody(Body):
    since: Time


class SubscriptionAnswer(Answer):
    """`failures` counts failed tries in a row; nothing is sent to the receiver until `not_before`."""

    subscription_id: str
    url: str
    types: list[str]
    channel: str | None
    description: str
    people: bool
    active: bool
    disabled_because: str | None
    former_until: datetime | None
    failures: int
    not_before: datetime | None
    created_by: str
    key_id: str | None
    """The key that created it or last activated it; the subscription ends with this key."""
    created_at: datetime


class SubscriptionState(SubscriptionAnswer):
    """`waiting` counts up to 5,000; further events wait in the log."""

    waiting: int
    parked: int


class SubscriptionWithSecret(SubscriptionAnswer):
    """The secret is shown only here: `whsec_` and base64, as in Standard Webhooks."""

    secret: str


class DeliveryAnswer(Answer):
    """One message and its last try. `body` has the first 4,000 characters sent, `answer` the first 2,000 received."""

    delivery_id: int
    message_id: str
    order_id: str | None
    type: str
    state: Literal["waiting", "delivered", "parked"]
    tries: int
    queued_at: datetime
    due_at: datetime
    tried_at: datetime | None
    took_ms: int | None
    status: int | None
    body: str
    answer: str
    problem: str | None


class DeliveryAsked(Answer):
    """It is sent within a second, unless the receiver is paused."""

    delivery_id: int


class ReplayAsked(Answer):
    """All events since then are sent again, with the same ids."""

    since: datetime
