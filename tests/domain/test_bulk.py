"""Bulks: what answers mean for an item, and what a dry run expects."""

import pytest

from domain.bulk import MOST_ASKED, MOST_TRIES, Answered, Outcome, Standing, expected, outcome_of

BUSY = Answered(503, "unavailable")
PENDING = Answered(202, "pending")
ORDER = Standing("under_review", holds=("NO_STOCK",))
SUN, MO = "Sun of support", "Mo the manager"


@pytest.mark.parametrize(
    ("answer", "tries", "outcome"),
    [
        (Answered(200, "done"), 0, Outcome("done")),
        (Answered(200, "interception_asked"), 0, Outcome("done", "interception_asked")),
        (Answered(404, "not-found", "no such order"), 0, Outcome("not_found", "not-found", "no such order")),
        (Answered(409, "refused", "too late"), 0, Outcome("refused", "refused", "too late")),
        (Answered(401, "unauthenticated", "revoked"), 0, Outcome("refused", "unauthenticated", "revoked")),
        (Answered(409, "still-running"), 9, Outcome("waiting", counts=False)),
        (Answered(429, "too-many"), 9, Outcome("waiting", counts=False)),
        (PENDING, 0, Outcome("waiting")),
        (PENDING, MOST_ASKED - 1, Outcome("pending", "pending")),
        (BUSY, MOST_TRIES - 2, Outcome("waiting")),
        (BUSY, MOST_TRIES - 1, Outcome("failed", "unavailable")),
    ],
)
def test_an_answer_settles_an_item_or_has_it_tried_again(answer: Answered, tries: int, outcome: Outcome) -> None:
    assert outcome_of(answer, tries) == outcome


@pytest.mark.parametrize(
    ("command", "standing", "state"),
    [
        ("release", ORDER, "done"),
        ("release", Standing("under_review"), "not_found"),
        ("cancel", Standing("canceled"), "done"),
        ("cancel", Standing("completed"), "refused"),
        ("cancel", Standing("under_review", past=True), "refused"),
        ("force", ORDER, "done"),
        ("force", Standing("under_review"), "refused"),
        ("reject", ORDER, "done"),
        ("reject", Standing("in_progress"), "refused"),
        ("re-audit", ORDER, "done"),
        ("re-audit", Standing("accepted"), "refused"),
        ("tag", Standing("completed"), "done"),
        ("tag", Standing("completed", tags=("a", "b")), "refused"),
        ("tag", Standing("completed", tags=("a", "urgent")), "done"),
        ("tag", Standing("completed", erased=True), "refused"),
        ("untag", Standing("completed", erased=True), "done"),
        ("assign", Standing("completed", assignee=SUN), "done"),
        ("assign", Standing("completed", assignee=MO), "refused"),
        ("give-back", Standing("completed", assignee=MO), "refused"),
        ("approve", Standing("requested"), "done"),
        ("approve", Standing("closed"), "refused"),
        ("retry", Standing("rejected"), "done"),
        ("cancel", None, "not_found"),
    ],
)
def test_a_dry_run_expects_what_the_record_says(command: str, standing: Standing | None, state: str) -> None:
    outcome = expected(command, standing, SUN, 2, hold="NO_STOCK", tag="urgent")
    assert (outcome.state, bool(outcome.detail)) == (state, state != "done")


def test_who_takes_over_is_not_refused() -> None:
    assert expected("assign", Standing("completed", assignee=MO), SUN, 2, over=True).state == "done"
