"""Uploads of parcels to each platform: after the payment, once, and in parts that the platform can take."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from activities.redeliver import RedeliverAnswer
from domain import milestones
from models.uploads import ChannelUploadRow
from record import journal
from tests.activities.story import Steps
from tests.activities.uploading import CHANNEL, CUPS, KEYS, LAMPS, Uploading
from tests.factories import events_of, place_order


@pytest.fixture(params=KEYS)
def there(request: pytest.FixtureRequest, steps: Steps, address: str) -> Iterator[Uploading]:
    with httpx2.Client(base_url=address) as client:
        there = Uploading(request.param, client, steps)
        there.open_account()
        yield there


def test_a_whole_order_is_uploaded_with_one_waybill(there: Uploading) -> None:
    # given
    there.order()
    waybill = there.leave(lamps=2, cups=1)

    # when
    answer = there.tell()

    # then
    assert answer == RedeliverAnswer(1)
    assert [name for name, _ in there.uploaded()] == [waybill]
    assert [message.sent_at is not None for message in there.messages()] == [True]


def test_parcels_are_uploaded_one_by_one_as_far_as_the_platform_can(there: Uploading) -> None:
    # given
    there.order()
    first = there.leave(lamps=1)
    there.tell()
    before = there.uploaded()
    second = there.leave(lamps=1, cups=1)

    # when
    there.tell()

    # then
    if there.name == "taobao":
        assert (before, there.uploaded()) == ([], [(second, {LAMPS: 1, CUPS: 1})])
    else:
        assert before == [(first, {LAMPS: 1})]
        assert there.uploaded() == [(first, {LAMPS: 1}), (second, {LAMPS: 1, CUPS: 1})]


def test_a_complete_line_is_uploaded_before_the_rest(there: Uploading) -> None:
    # given
    there.order()
    first = there.leave(cups=1)
    there.tell()
    second = there.leave(lamps=2)

    # when
    there.tell()

    # then
    lamps = {LAMPS: 1 if there.name == "taobao" else 2}
    assert there.uploaded() == [(first, {CUPS: 1}), (second, lamps)]


def test_two_parcels_shipped_before_the_first_upload_are_uploaded_in_order(there: Uploading) -> None:
    # given
    there.order()
    first, second = there.leave(cups=1), there.leave(lamps=2)

    # when
    there.tell()

    # then
    assert [name for name, _ in there.uploaded()] == [first, second]
    with there.steps.sessions() as session:
        times = session.scalars(select(ChannelUploadRow.happened_at).order_by(ChannelUploadRow.number)).all()
    assert times[0] < times[1]


def test_nothing_is_uploaded_before_the_order_is_paid(there: Uploading) -> None:
    # given
    there.order(paid=False)
    there.leave(lamps=2, cups=1)
    unpaid = there.tell()
    before = there.uploaded()
    there.pay()

    # when
    paid = there.tell()

    # then
    assert unpaid.problem == f"{CHANNEL}: the order is not paid"
    assert (before, paid, len(there.uploaded())) == ([], RedeliverAnswer(1), 1)


def test_a_lost_answer_uploads_nothing_twice(there: Uploading) -> None:
    # given
    there.order()
    there.leave(lamps=2, cups=1)
    there.trouble(lost=1)
    lost = there.tell()

    # when
    again = there.tell()

    # then
    assert (lost.taken, lost.more) == (0, True)
    assert (again, len(there.uploaded())) == (RedeliverAnswer(1), 1)


def test_the_end_of_the_order_uploads_no_parcel_twice(there: Uploading) -> None:
    # given
    there.order()
    there.leave(lamps=2, cups=1)
    there.tell()
    with there.steps.sessions.begin() as session:
        journal.announce(session, there.steps.order_id, milestones.DELIVERED)

    # when
    answer = there.tell()

    # then
    assert (answer, len(there.uploaded())) == (RedeliverAnswer(1), 1)


def test_a_refused_upload_waits_for_a_person(there: Uploading) -> None:
    # given
    there.order(paid_there=False)
    there.leave(lamps=2, cups=1)

    # when
    answer = there.tell()

    # then
    [message] = there.messages()
    assert (answer, there.uploaded()) == (RedeliverAnswer(), [])
    assert message.parked_at is not None
    assert message.last_error in ("not_paid", "isv.trade-not-paid")
    assert {"message.parked", "alert.raised"} <= set(events_of(there.steps.sessions, there.steps.order_id))


def test_a_failed_upload_is_retried(there: Uploading) -> None:
    # given
    there.order()
    there.leave(lamps=2, cups=1)
    there.trouble(failing=1)
    failed = there.tell()

    # when
    there.tell()

    # then
    assert (failed.taken, failed.more) == (0, True)
    assert len(there.uploaded()) == 1


def test_an_upload_with_a_wrong_token_keeps_waiting(there: Uploading) -> None:
    # given
    there.open_account(token="of another shop")
    there.order()
    there.leave(lamps=2, cups=1)

    # when
    answer = there.tell()
    there.open_account()
    again = there.tell()

    # then
    assert answer == RedeliverAnswer(0, True, f"{CHANNEL}: not_allowed")
    assert (again, len(there.uploaded())) == (RedeliverAnswer(1), 1)


@pytest.mark.parametrize("there", ["plain"], indirect=True)
def test_a_channel_whose_uploads_break_delays_no_other_order(
    there: Uploading, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Any]
) -> None:
    # given a parcel for a platform, and an order of a channel that takes messages
    there.order()
    there.leave(lamps=2, cups=1)
    other = place_order(there.steps.sessions)
    with there.steps.sessions.begin() as session:
        journal.announce(session, other, milestones.RECEIVED)
    platforms = there.steps.redeliver.rounds.letters.platforms
    monkeypatch.setattr(platforms.uploads, "_connection", {}.__getitem__)

    # when
    answer = there.tell()

    # then
    assert (answer.taken, answer.more) == (1, True)
    assert answer.problem == f"{CHANNEL}: cannot be uploaded: TypeError"
    assert ask("/channel/messages", order_id=other)["messages"]


@pytest.mark.parametrize("there", ["taobao"], indirect=True)
def test_a_refused_upload_is_sent_once_a_person_has_fixed_it(there: Uploading) -> None:
    # given
    there.order()
    waybill = there.leave(lamps=2, cups=1, carrier="Our Riders")
    there.tell()
    [refused] = there.messages()
    there.open_account(carriers={"Our Riders": "EMS"})
    there.send_again()

    # when
    answer = there.tell()

    # then
    assert (refused.last_error, refused.parked_at is not None) == ("unknown_carrier", True)
    assert (answer.taken, [name for name, _ in there.uploaded()]) == (1, [waybill])


def test_a_channel_with_uploads_disabled_gets_plain_messages(there: Uploading) -> None:
    # given
    there.open_account(enabled=False)
    there.order()
    there.leave(lamps=2, cups=1)

    # when
    answer = there.tell()

    # then
    [taken] = there.client.get("/channel/messages", params={"order_id": there.steps.order_id}).json()["messages"]
    assert (answer, there.uploaded(), taken["milestone"]) == (RedeliverAnswer(1), [], "shipped")


@pytest.mark.parametrize("there", ["shopify", "taobao"], indirect=True)
def test_an_upload_honors_the_pause_that_the_platform_asks_for(there: Uploading) -> None:
    # given
    there.order()
    there.leave(lamps=2, cups=1)
    there.trouble(limited=1, retry_after=1)
    limited, early = there.tell(), there.tell()
    time.sleep(1.1)

    # when
    again = there.tell()

    # then
    assert limited.problem == f"{there.name}: asks for a pause of 1 s"
    assert "asked for a pause" in early.problem
    assert (again, len(there.uploaded())) == (RedeliverAnswer(1), 1)
