"""Findings of an audit, folded and unfolded."""

from typing import Any

import pytest

from domain.audit_facts import HOLD, PASS, Finding
from record.orders.findings import fold, unfold

A, B = Finding("unpaid", PASS, "", "", version="1"), Finding("wrong_sums", PASS, "", "", version="1")
HELD = Finding("remote_area", HOLD, "REMOTE_AREA", "far away", version="1")
TAXED = Finding("wrong_tax", PASS, "", "", facts={"tax": "1.00 CNY"}, version="1")
OF_STAFF = Finding('our - rule, "5"', PASS, "", "")


@pytest.mark.parametrize(
    "findings", [[], [A], [A, B], [HELD], [A, HELD, B], [HELD, TAXED, A, B, OF_STAFF, HELD], [OF_STAFF, A]]
)
def test_findings_are_read_as_they_were_told_and_in_their_sequence(findings: list[Finding]) -> None:
    assert unfold(fold(findings)) == [one.as_json() for one in findings]


def test_all_that_passed_is_one_entry() -> None:
    assert len(fold([A, HELD, B, A, B])) == 2


def test_rows_of_older_versions_are_read() -> None:
    assert unfold([A.as_json(), HELD.as_json()]) == [A.as_json(), HELD.as_json()]


def test_erased_findings_are_read() -> None:
    erased: list[dict[str, Any]] = [one | {"reason": "erased", "facts": {}} for one in fold([A, HELD])]

    assert [(one["rule"], one["reason"]) for one in unfold(erased)] == [("unpaid", "erased"), ("remote_area", "erased")]
