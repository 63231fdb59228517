"""Statements of recipients of milestones: messages that they miss are sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain import milestones
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from settings import StatementPlan
from tests.activities.comparing import Comparing, missing, notify_of
from tests.integrations.test_messages import message

Ask = Callable[..., Any]


@pytest.fixture
def comparing(stocked: Sessions, partners: dict[str, PartnerHttp]) -> Comparing:
    return Comparing(stocked, partners)


def let_time_pass(comparing: Comparing, days: int) -> None:
    with comparing.sessions.begin() as session:
        session.execute(update(MessageRow).values(sent_at=MessageRow.sent_at - timedelta(days=days)))


@pytest.mark.parametrize("partner", ["erp", "crm", "channel"])
def test_books_that_agree_have_no_difference(comparing: Comparing, partner: str) -> None:
    notify_of(comparing, "TM-1")

    night = comparing.night(partner)

    assert night.listed == (3 if partner == "crm" else 2)
    assert (comparing.rows(partner), comparing.seen()) == ([], 0)


@pytest.mark.parametrize("partner", ["erp", "crm", "channel"])
def test_messages_missing_at_a_partner_are_sent_again_and_the_next_night_is_clean(
    comparing: Comparing, ask: Ask, partner: str
) -> None:
    # given
    notify_of(comparing, "TM-1")
    order_id = notify_of(comparing, "TM-FORGOTTEN-MESSAGE")
    lost = [f"{order_id}:{name}:{partner}" for name in (milestones.RECEIVED, milestones.SHIPPED)]

    # when
    first = comparing.night(partner)

    # then
    assert (missing(comparing, partner), first.mended) == (sorted(lost), 2)
    assert comparing.redeliver(partner) == 2
    kept = ask(f"/{partner}/messages", order_id=order_id)["messages"]
    assert [(one["message_id"], one["times_received"]) for one in kept] == [(name, 1) for name in lost]
    second = comparing.night(partner)
    assert (comparing.open_differences(partner), second.mended) == (set(), 0)
    assert all(row.gone_at for row in comparing.rows(partner))


def test_points_in_messages_under_way_are_no_difference_and_others_are(comparing: Comparing) -> None:
    # given ten points, five of which the CRM has forgotten
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE", milestones.DELIVERED)
    notify_of(comparing, "TM-2", milestones.DELIVERED)
    customer = f"C-{comparing.begun:%H%M%S%f}"

    # when / then: five are sent again, and are no difference while they are under way
    comparing.night("crm")
    assert [row.kind for row in comparing.rows("crm")] == ["missing_there"]
    comparing.redeliver("crm")
    comparing.night("crm")
    assert comparing.open_differences("crm") == set()

    # when we believe that we sent nine points each
    with comparing.sessions.begin() as session:
        session.execute(update(MessageRow).where(MessageRow.recipient == "crm").values(data={"points": 9}))
    comparing.night("crm")
    assert comparing.open_differences("crm") == {("quantity_differs", customer, "18", "10")}


def test_messages_that_we_never_sent_are_reported_and_not_mended(comparing: Comparing) -> None:
    MessageInbox(comparing.partners["erp"]).deliver([message("STRANGE-1", "STRANGE")])

    night = comparing.night("erp")

    assert comparing.open_differences("erp") == {("unknown_here", "STRANGE-1", "", "")}
    assert night.mended == 0


def test_messages_within_the_grace_period_are_not_compared(comparing: Comparing) -> None:
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE")
    comparing.plan = StatementPlan(grace=timedelta(minutes=30))

    for partner in ("erp", "crm"):
        comparing.night(partner)

    assert comparing.rows("erp") + comparing.rows("crm") == []


def test_parked_messages_are_no_difference(comparing: Comparing) -> None:
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE")
    with comparing.sessions.begin() as session:
        session.execute(update(MessageRow).values(sent_at=None, parked_at=func.now()))

    comparing.night("erp")

    assert comparing.rows("erp") == []


def test_a_difference_stays_one_row_and_is_mended_three_times_at_most(comparing: Comparing) -> None:
    # given a missing message that soon is older than the days that are compared
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE", milestones.RECEIVED)
    for _ in range(4):
        comparing.night("erp")
        with comparing.sessions.begin() as session:
            session.execute(update(MessageRow).values(sent_at=func.now(), redelivered_at=None))
        let_time_pass(comparing, days=10)

    # then it is one row, and the message was sent again three times
    [row] = comparing.rows("erp")
    assert (row.gone_at, row.mends) == (None, 3)
    assert row.last_seen_at > row.first_seen_at


def test_a_difference_that_returns_after_it_was_gone_is_a_new_row(comparing: Comparing) -> None:
    notify_of(comparing, "TM-FORGOTTEN-MESSAGE", milestones.RECEIVED)
    comparing.night("erp")
    comparing.redeliver("erp")
    comparing.night("erp")
    with comparing.sessions.begin() as session:
        name = session.scalars(select(MessageRow.message_id).where(MessageRow.recipient == "erp")).one()
        session.execute(update(MessageRow).where(MessageRow.message_id == name).values(message_id=f"{name}:x"))

    comparing.night("erp")

    assert {(row.kind, row.gone_at is None) for row in comparing.rows("erp")} == {
        ("missing_there", False),
        ("missing_there", True),
        ("unknown_here", True),
    }
