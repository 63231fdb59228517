"""Bulks as they are sent and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.schemas import NO_CONTROLS, Answer, Body, Prose
from domain.bulk import MOST_IDS
from domain.returns.kinds import RefundTo, Remedy

Name = Literal[
    "release", "cancel", "force", "reject", "re-audit", "tag", "untag", "assign", "give-back", "approve", "retry"
]
ItemState = Literal["waiting", "done", "pending", "refused", "not_found", "failed", "canceled"]
BulkState = Literal["running", "canceling", "ended"]
SubjectId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$")]
PART_OF_PATH = r"^[^\x00-\x1f\x7f/]*$"
FilterName = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]
FilterText = Annotated[str, Field(max_length=200, pattern=NO_CONTROLS)]
KEPT = "Kept in the history: name nobody."


class BulkBody(Body):
    """A command for what a `filter` finds or `ids` name, one of the two. Filters are those of the list: of `GET
    /orders`; for `approve` of `GET /returns`; for `retry` of `GET /intakes`. The other fields are what the command
    takes for one."""

    command: Name
    filter: Annotated[dict[FilterName, FilterText | bool] | None, Field(min_length=1, max_length=30)] = None
    ids: Annotated[tuple[SubjectId, ...] | None, Field(min_length=1, max_length=MOST_IDS)] = None
    dry_run: Annotated[bool, Field(description="Only say what would be done")] = False
    hold: Annotated[str | None, Field(min_length=1, max_length=200, pattern=PART_OF_PATH, description="A code")] = None
    note: Annotated[Prose | None, Field(max_length=300, description=KEPT)] = None
    reason: Annotated[Prose | None, Field(min_length=1, max_length=300, description=KEPT)] = None
    tag: Annotated[str | None, Field(min_length=1, max_length=40, pattern=PART_OF_PATH)] = None
    take_over: Annotated[bool | None, Field(description="Whether `assign` takes it from somebody else")] = None
    refund_to: Annotated[RefundTo | None, Field(strict=False)] = None
    remedy: Annotated[Remedy | None, Field(strict=False)] = None


class Expected(Answer):
    """What an item would come to: `done`, `refused` or `not_found`, and why."""

    id: str
    state: ItemState
    reason: str


class Refusals(Answer):
    reason: str
    count: int


class BulkPreview(Answer):
    """What a bulk would do as things stand: `would_do` of `total`. `refusals` count the others by reason, the most
    frequent first; `sample` has up to 10 of each kind. An order's own workflow has the last word."""

    command: Name
    total: int
    would_do: int
    refusals: list[Refusals]
    sample: list[Expected]


class BulkAnswer(Answer):
    """One bulk. `counts` are of its items by state. `filter` is without what names a person; `parameters` are without
    free text once it has ended."""

    bulk_id: str
    command: Name
    parameters: dict[str, Any]
    filter: dict[str, Any] | None
    by: str
    state: BulkState
    total: int
    counts: dict[ItemState, int]
    created_at: datetime
    canceled_by: str | None
    ended_at: datetime | None


class BulkResult(Answer):
    """What became of one item: `done`; `pending` if the order owes its answer and will still do it; `refused` or
    `not_found`, as a single call would have answered; `failed` on our side; `canceled` with the bulk. `code` is the
    name of the problem, or what the order answered."""

    item_no: int
    id: str
    state: ItemState
    code: str
    detail: str
    settled_at: datetime | None
