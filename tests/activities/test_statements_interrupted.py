"""A comparison that dies, is repeated or cannot reach its partner loses nothing and finds each difference once."""

from dataclasses import replace
from typing import Any

import pytest

from activities import statements as steps_of_statements
from activities.statements import StatementRequest
from domain import milestones
from domain.errors import PartnerTrouble, StatementRefused
from integrations import statements
from integrations.http import PartnerHttp
from integrations.statements import Statements
from models.database import Sessions
from tests.activities.comparing import Comparing, missing, notify_of


@pytest.fixture
def comparing(stocked: Sessions, partners: dict[str, PartnerHttp]) -> Comparing:
    return Comparing(stocked, partners)


def test_a_run_that_died_between_pages_continues_where_it_was(
    comparing: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages of two entries
    monkeypatch.setattr(statements, "PAGE_SIZE", 2)
    monkeypatch.setattr(steps_of_statements, "MAX_IDS_PER_CALL", 2)
    lost = [notify_of(comparing, f"TM-FORGOTTEN-MESSAGE-{number}") for number in range(3)]
    for number in range(4):
        notify_of(comparing, f"TM-SOUND-{number}")
    begun = comparing.go_on(comparing.opened("erp"), steps=3)

    # when the run continues, and each step is repeated since its answer was lost
    night = comparing.go_on(begun.steps[-1].following)
    for place in (*begun.places, *night.places):
        comparing.step(place)

    # then each difference was found once
    names = {f"{order}:{milestone}:erp" for order in lost for milestone in ("received", "shipped")}
    assert {row.subject for row in comparing.rows("erp")} == names
    assert len(comparing.rows("erp")) == len(names)
    comparing.redeliver("erp")
    comparing.night("erp")
    assert comparing.open_differences("erp") == set()


def test_a_partner_that_is_down_fails_the_step_and_closes_no_difference(
    comparing: Comparing, unreachable: PartnerHttp
) -> None:
    # given a comparison that has begun, and a difference of the night before
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE", milestones.RECEIVED)
    comparing.night("erp")
    place = comparing.opened("erp")
    down = Comparing(comparing.sessions, {**comparing.partners, "erp": unreachable})

    # when
    for _ in range(3):
        with pytest.raises(PartnerTrouble):
            down.step(place)

    # then the difference stays open until the partner is back
    assert len(missing(comparing, "erp")) == 1
    comparing.redeliver("erp")
    comparing.go_on(place)
    assert comparing.open_differences("erp") == set()


def test_a_partner_without_statements_is_refused(comparing: Comparing) -> None:
    with pytest.raises(StatementRefused):
        comparing.steps.open_statement(StatementRequest("inbox"))


def test_a_book_that_a_partner_does_not_keep_is_skipped(comparing: Comparing) -> None:
    # given an ERP in the place of the CRM: it keeps no points
    elsewhere = Comparing(comparing.sessions, {"crm": comparing.partners["erp"]})

    night = elsewhere.night("crm")

    assert [(place.book, step.not_listed) for place, step in zip(night.places, night.steps, strict=True)][-1] == (
        "points",
        True,
    )


def test_entries_missing_from_the_listing_are_asked_for_by_id(
    comparing: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given messages that both sides have
    order_id = notify_of(comparing, "TM-SOUND-1")
    asked = list[str]()
    of = Statements.of

    def noting(self: Statements, book: Any, subjects: Any) -> Any:
        asked.extend(subjects)
        return of(self, book, subjects)

    monkeypatch.setattr(Statements, "of", noting)
    place = comparing.opened("erp")

    # when the listing is skipped, as if its entries were lost
    comparing.go_on(replace(place, stage="missing"))

    # then
    assert sorted(asked) == [f"{order_id}:received:erp", f"{order_id}:shipped:erp"]
    assert comparing.rows("erp") == []
