"""Tenders of an order: what may be named together, and how a balance is named without its code."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.audit_facts import HOUR
from domain.checks.tenders import MIN_PATIENCE, balance_due
from domain.money import Money
from domain.presale import PresaleTerms
from domain.tenders import Tender, TenderKind, credit_id, problems, reference_of
from tests.domain.audit_cases import tendered

SOON = datetime(2026, 12, 12, tzinfo=UTC)
TOTAL = Money(100_00, "CNY")


def tender(number: int, minor: int, reference: str = "", kind: str = "gateway", **more: object) -> Tender:
    return Tender(number, TenderKind(kind), reference or f"PAY-{number}", Money(minor, "CNY"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tenders", "found"),
    [
        ([tender(1, 40_00), tender(2, 60_00)], []),
        ([tender(1, 40_00), tender(2, 60_01)], [(1, "amount")]),
        ([tender(1, 0)], [(0, "amount")]),
        ([tender(1, 10_00, "SAME"), tender(2, 10_00, "SAME")], [(1, "reference")]),
        ([tender(1, 10_00, "OWN")], [(0, "reference")]),
        ([tender(1, 10_00, kind="platform", due_at=SOON)], []),
        ([tender(1, 10_00, kind="gift_card", due_at=SOON)], [(0, "due_at")]),
        ([tender(1, 10_00, collected=True)], [(0, "collected")]),
    ],
)
def test_tenders_that_cannot_be_are_named(tenders: list[Tender], found: list[tuple[int, str]]) -> None:
    assert [problem[:2] for problem in problems(tenders, TOTAL, "OWN")] == found


def test_the_code_of_a_balance_is_not_kept() -> None:
    # when
    named = reference_of(TenderKind.GIFT_CARD, "GC-7Q2K")

    # then whoever has the code can tell the id, in whatever case it is typed
    assert named == credit_id(" gc-7q2k")
    assert "7Q2K" not in named.upper()
    assert reference_of(TenderKind.GATEWAY, "PAY-1") == "PAY-1"


@pytest.mark.parametrize(
    ("seconds_left", "patience"), [(600, 3 * HOUR + 600), (-2 * HOUR, HOUR), (-9 * HOUR, MIN_PATIENCE)]
)
def test_a_balance_may_come_until_its_day_and_the_hours_of_grace(seconds_left: int, patience: int) -> None:
    # given a balance on a channel with three hours of grace, and one more look at the gateway at the least
    judged = tendered("unknown", due_at=SOON)
    known = replace(judged.tenders[0], seconds_left=seconds_left)
    parameters = replace(judged.parameters, presale={"*": PresaleTerms(grace_hours=3)})

    # when
    [found] = balance_due(replace(judged, tenders=(known,), parameters=parameters))

    # then
    assert (found.patience_seconds, found.on_expiry) == (patience, "cancel")
