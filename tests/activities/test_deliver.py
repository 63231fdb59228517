"""Delivering events to subscriptions: signed, in order, retried by the schedule, paused as the receiver asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from domain.retries import SCHEDULE, TOTAL_TIME
from models.database import Sessions
from models.subscription import SubscriptionRow
from record.subscriptions.keys import new_secret, rotate
from tests.factories import RECEIVER, place_order, place_orders
from tests.factories import an_order as order_of
from tests.record.receiver import Post, Receiver, Reply, receiving

HELD, ACCEPTED, COMPLETED = "order.held", "order.accepted", "order.completed"


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    with receiving() as found:
        yield found


@pytest.fixture
def post(sessions: Sessions) -> Post:
    return Post(sessions)


@pytest.fixture
def order_id(sessions: Sessions) -> str:
    return place_order(sessions)


def test_an_event_is_delivered_once_as_a_cloudevent(post: Post, order_id: str, receiver: tuple[Receiver, str]) -> None:
    # given
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD, code="ADDRESS", reason="Ouyang Xiadan has moved", line_no=0)

    # when
    answers = [post.deliver(subscription), post.deliver(subscription)]

    # then
    assert [answer.taken for answer in answers] == [1, 0]
    [event] = receiver[0].events
    assert event["specversion"] == "1.0"
    assert event["type"] == "com.baton.order.held"
    assert event["subject"] == event["partitionkey"] == order_id
    assert event["data"] == {
        "order_id": order_id,
        "channel": "tmall",
        "channel_order_id": event["data"]["channel_order_id"],
        "code": "ADDRESS",
        "line_no": 0,
    }
    headers = receiver[0].came[0][0]
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == event["id"]
    [row] = post.deliveries(subscription)
    assert (row.state, row.status, row.tries, row.problem) == ("delivered", 200, 1, None)


def test_a_person_is_named_only_if_the_subscription_asks_and_never_in_the_delivery_log(
    post: Post, order_id: str, receiver: tuple[Receiver, str]
) -> None:
    # given
    quiet, open_ = post.subscribe(receiver[1]), post.subscribe(receiver[1], people=True)
    receiver[0].replies = [Reply(), Reply(body=f"thanks, {RECEIVER['name']}")]
    post.happened(order_id, ACCEPTED)

    # when
    for subscription in (quiet, open_):
        post.deliver(subscription)

    # then
    bodies = [body for _, body in receiver[0].came]
    assert [RECEIVER["name"] in body for body in bodies] == [False, True]
    [kept] = post.deliveries(open_)
    assert RECEIVER["name"] not in kept.body + kept.answer


def test_a_subscription_gets_only_its_types_and_its_channel(
    post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given
    tmall, shop = place_orders(sessions, [order_of(), order_of(channel="shop")])
    subscription = post.subscribe(receiver[1], types=["com.baton.order.*"], channel="shop")
    for order_id in (tmall, shop):
        post.happened(order_id, HELD, "reservation.created", "step.unknown")

    # when
    post.deliver(subscription)

    # then
    assert [(event["subject"], event["type"]) for event in receiver[0].events] == [(shop, "com.baton.order.held")]


def test_both_secrets_verify_during_a_rotation_and_then_only_the_new_one(
    post: Post, sessions: Sessions, order_id: str, receiver: tuple[Receiver, str]
) -> None:
    # given
    former = new_secret()
    subscription = post.subscribe(receiver[1], secret=former)
    with sessions.begin() as session:
        secret = rotate(session, session.get_one(SubscriptionRow, subscription), 60)

    # when
    post.happened(order_id, HELD)
    post.deliver(subscription)

    # then
    assert receiver[0].verified_by(former) == receiver[0].verified_by(secret) == [receiver[0].events[0]["id"]]

    # when
    post.change(subscription, former_until=datetime.now(UTC))
    receiver[0].came.clear()
    post.happened(order_id, ACCEPTED)
    post.deliver(subscription)

    # then
    assert len(receiver[0].verified_by(secret)) == 1
    with pytest.raises(Exception, match="No matching signature"):
        receiver[0].verified_by(former)


def test_a_failed_delivery_is_retried_by_the_schedule_under_one_id_and_then_parked(
    post: Post, order_id: str, receiver: tuple[Receiver, str]
) -> None:
    # given
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD)
    receiver[0].replies = [Reply(503, body="come back later")] * len(SCHEDULE)

    # when
    for tries, pause in enumerate([*SCHEDULE[1:], timedelta()], 1):
        assert post.deliver(subscription).failed == 1
        [row] = post.deliveries(subscription)
        assert (row.tries, row.status, row.answer, row.problem) == (tries, 503, "come back later", "answered 503")
        if row.state == "waiting":
            assert row.tried_at is not None
            assert row.due_at - row.tried_at == pause
            post.let_time_pass(max(pause.total_seconds(), 300) + 1)

    # then
    assert (row.state, row.tries) == ("parked", 10)
    assert len({event["id"] for event in receiver[0].events}) == 1
    assert post.deliver(subscription).failed == 0


def test_deliveries_to_an_absent_receiver_are_parked_when_the_schedule_is_over(post: Post, sessions: Sessions) -> None:
    # given
    subscription = post.subscribe("http://127.0.0.1:9/")
    for order_id in place_orders(sessions, [order_of() for _ in range(30)]):
        post.happened(order_id, HELD)
    first = post.deliver(subscription)

    # when
    post.let_time_pass(TOTAL_TIME.total_seconds() + 1)
    post.deliver(subscription)

    # then
    assert first.failed < 30
    assert {row.state for row in post.deliveries(subscription)} == {"parked"}


def test_later_events_of_an_order_wait_for_earlier_ones_and_other_orders_do_not(
    post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given
    first, second = sorted(place_orders(sessions, [order_of(), order_of()]))
    subscription = post.subscribe(receiver[1])
    post.happened(first, HELD)
    receiver[0].replies = [Reply(500)]
    post.deliver(subscription)

    # when
    post.happened(first, ACCEPTED)
    post.happened(second, HELD, ACCEPTED)
    post.deliver(subscription)
    post.let_time_pass(6)
    post.deliver(subscription)

    # then
    heard = [(event["subject"], event["type"].rpartition(".")[2]) for event in receiver[0].events]
    assert heard[0] == (first, "held")
    assert sorted(heard[1:3]) == [(second, "accepted"), (second, "held")]
    assert heard[3:] == [(first, "held"), (first, "accepted")]


def test_a_200_counts_as_delivered_whatever_its_body(post: Post, order_id: str, receiver: tuple[Receiver, str]) -> None:
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD)
    receiver[0].replies = [Reply(200, body='{"error": "no room"}')]

    assert post.deliver(subscription).taken == 1
    assert post.deliveries(subscription)[0].answer == '{"error": "no room"}'


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_retry_after_pauses_all_deliveries_to_that_receiver(
    form: str, post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given
    subscription = post.subscribe(receiver[1])
    one, other = place_orders(sessions, [order_of(), order_of()])
    asked = "120" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=121), usegmt=True)
    receiver[0].replies = [Reply(429, {"Retry-After": asked})]
    post.happened(one, HELD)
    post.deliver(subscription)

    # when
    post.happened(other, HELD)
    post.let_time_pass(100)
    too_soon = post.deliver(subscription)
    post.let_time_pass(25)
    then = [post.deliver(subscription), post.deliver(subscription)]

    # then
    assert (too_soon.taken, too_soon.failed) == (0, 0)
    assert sum(answer.taken for answer in then) == 2


def test_410_disables_the_subscription_and_later_events_follow_when_it_is_active_again(
    post: Post, order_id: str, receiver: tuple[Receiver, str]
) -> None:
    # given
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD)
    receiver[0].replies = [Reply(410)]
    post.deliver(subscription)

    # when
    post.happened(order_id, ACCEPTED)
    while_gone = post.deliver(subscription)
    row = post.subscription(subscription)

    # then
    assert (row.active, row.disabled_because) == (False, "the receiver answered 410")
    assert (while_gone.taken, while_gone.failed) == (0, 0)

    # when
    post.change(subscription, active=True, failures=0, not_before=None)
    post.let_time_pass(10)
    post.deliver(subscription)

    # then
    assert [event["type"].rpartition(".")[2] for event in receiver[0].events] == ["held", "held", "accepted"]


def test_a_receiver_that_keeps_failing_is_paused_and_then_probed_with_one_delivery(
    post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given
    subscription = post.subscribe(receiver[1])
    for order_id in place_orders(sessions, [order_of() for _ in range(40)]):
        post.happened(order_id, HELD)
    receiver[0].replies = [Reply(500)] * 1_000

    # when
    first = post.deliver(subscription)
    again = post.deliver(subscription)
    post.let_time_pass(301)
    probe = post.deliver(subscription)

    # then
    assert 5 <= first.failed <= 5 + 8
    assert (again.failed, probe.failed) == (0, 1)

    # when
    receiver[0].replies = []
    post.let_time_pass(301)
    back = [post.deliver(subscription), post.deliver(subscription)]

    # then
    assert [answer.taken for answer in back] == [1, 39]


def test_a_slow_receiver_costs_a_few_timeouts_and_not_one_for_each_delivery(
    post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given
    post.timeout = 0.3
    subscription = post.subscribe(receiver[1])
    for order_id in place_orders(sessions, [order_of() for _ in range(40)]):
        post.happened(order_id, HELD)
    receiver[0].replies = [Reply(late=1)] * 40

    # when
    began = datetime.now(UTC)
    answer = post.deliver(subscription)

    # then
    assert answer.failed <= 5 + 8
    assert datetime.now(UTC) - began < timedelta(seconds=3)
    assert "TimeoutError" in {row.problem for row in post.deliveries(subscription)}


def test_a_redirect_is_a_failure_that_says_so(post: Post, order_id: str, receiver: tuple[Receiver, str]) -> None:
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD)
    receiver[0].replies = [Reply(302, {"Location": receiver[1]})]

    assert post.deliver(subscription).failed == 1
    assert post.deliveries(subscription)[0].problem == "answered 302, and redirects are not followed"


def test_a_private_address_is_refused_at_delivery_too(
    post: Post, order_id: str, receiver: tuple[Receiver, str]
) -> None:
    post.private = False
    subscription = post.subscribe(receiver[1])
    post.happened(order_id, HELD)

    assert post.deliver(subscription).failed == 1
    assert (post.deliveries(subscription)[0].problem, receiver[0].came) == ("NotPublic", [])


def test_an_event_that_cannot_be_written_is_parked_and_blocks_no_other(
    post: Post, sessions: Sessions, receiver: tuple[Receiver, str]
) -> None:
    # given two orders, one with a currency that is none
    subscription = post.subscribe(receiver[1])
    broken, other = place_orders(sessions, [order_of(), order_of()])
    for order_id in (broken, other):
        post.happened(order_id, "order.received")
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET currency = '' WHERE order_id = :id"), {"id": broken})

    # when
    answer = post.deliver(subscription)

    # then
    assert (answer.taken, answer.failed, answer.more) == (1, 0, False)
    states = {row.order_id: (row.state, row.problem) for row in post.deliveries(subscription)}
    assert states == {broken: ("parked", "cannot be written: NotMoney"), other: ("delivered", None)}
