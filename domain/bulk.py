"""Bulks: what an answer to one of its acts means, and what an act would meet."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.status import ORDER, OrderStatus, ReturnStatus, is_final

MOST_IDS, MOST_ORDERS, MOST_OTHERS = 10_000, 100_000, 10_000
"""Ids in a list; orders, or cases and payloads, that a filter may find."""
MOST_OPEN = 10
"""Bulks of one key that may be at work at once."""
MOST_TRIES = 5
"""Answers that settle nothing, while all parts are up, before an item counts as failed."""
MOST_ASKED = 3
"""Times that an order is asked for an answer that it owes; it carries the act out all the same."""

REJECTABLE = (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW, OrderStatus.ACCEPTED)
BY_THE_WORKFLOW = frozenset({"release", "cancel", "force", "reject", "re-audit"})
STILL_RUNNING, UNAUTHENTICATED = "still-running", "unauthenticated"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the API to one act: its status, the name of its problem or what it says, and a detail."""

    status: int
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is that of the item, `waiting` if nothing is settled: that `counts` as a try or was nobody's fault."""

    state: str
    code: str = ""
    detail: str = ""
    counts: bool = True


def outcome_of(answer: Answered, tries: int) -> Outcome:
    """Return what becomes of an item that had `tries` answers before that settled nothing; all parts are up."""
    if answer.status == 202 and answer.code == "pending":
        return Outcome("waiting") if tries + 1 < MOST_ASKED else Outcome("pending", "pending")
    if answer.status < 400:
        return Outcome("done", "" if answer.code == "done" else answer.code)
    if answer.status == 404:
        return Outcome("not_found", answer.code, answer.detail)
    if answer.code == STILL_RUNNING or answer.status in (408, 429):
        return Outcome("waiting", counts=False)
    if answer.status < 500:
        return Outcome("refused", answer.code, answer.detail)
    return Outcome("waiting") if tries + 1 < MOST_TRIES else Outcome("failed", answer.code, answer.detail)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a subject before the act."""

    status: str
    past: bool = False
    erased: bool = False
    assignee: str | None = None
    tags: Collection[str] = ()
    holds: Collection[str] = ()


def expected(
    command: str, standing: Standing | None, by: str, most_tags: int, hold: str = "", tag: str = "", over: bool = False
) -> Outcome:
    """Return what an act would most likely come to, from what is known now; the order's workflow has the last word."""
    if standing is None:
        return Outcome("not_found", "not-found", "there is nothing by this id")
    reason = ""
    if command in BY_THE_WORKFLOW:
        reason = _why_not(command, standing)
        if not reason and command == "release" and hold not in standing.holds:
            return Outcome("not_found", "not-found", "this hold is not open")
    elif command == "tag" and standing.erased:
        reason = "the customer was erased: nothing is written about them any more"
    elif command == "tag" and tag not in standing.tags and len(standing.tags) >= most_tags:
        reason = f"there are at most {most_tags} tags"
    elif command in ("assign", "give-back") and standing.assignee not in (None, by) and not over:
        reason = f"{standing.assignee} has it"
    elif command == "approve" and standing.status != ReturnStatus.REQUESTED:
        reason = f"the case is {standing.status}"
    return Outcome("refused", "refused", reason) if reason else Outcome("done")


def _why_not(command: str, order: Standing) -> str:
    status = OrderStatus(order.status)
    if order.past:
        return f"the order is of the past: it was taken in as {status}, and nothing works on it"
    if command == "cancel" and status is OrderStatus.CANCELED:
        return ""
    if is_final(ORDER, status):
        return f"the order is already {status}"
    if command == "force" and not order.holds:
        return "nothing holds the order"
    if command == "reject" and status not in REJECTABLE:
        return f"the order is {status}: cancel it instead"
    if command == "re-audit" and status is not OrderStatus.UNDER_REVIEW:
        return f"the order is {status}: only one under review is audited again"
    return ""
