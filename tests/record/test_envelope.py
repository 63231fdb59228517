"""Deliveries are signed by Standard Webhooks and the same for every attempt."""

from datetime import UTC, datetime

from activities.lanes import Lanes, Post
from models.database import Sessions
from record.subscriptions.envelope import event_body
from record.subscriptions.log import entries
from tests.factories import place_order
from tests.record.receiver import Post as Posting


def test_the_signature_is_that_of_the_specification() -> None:
    # given
    lanes = Lanes("https://example.com", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], private=False, timeout=1)
    body = '{"test": 2432232314}'
    post = Post(1, "msg_p5jXN8AQM9LWM0D4loKWxJek", "", body, body)

    # when
    signed = lanes.signatures(post, datetime.fromtimestamp(1614265330, UTC))

    # then
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_the_same_byte_for_byte_whenever_it_is_read(sessions: Sessions) -> None:
    order_id = place_order(sessions)
    Posting(sessions).happened(order_id, "order.received")

    def read() -> str:
        with sessions() as session:
            [entry] = entries(session, 0, 1_000, 10)
        return event_body(entry)

    assert read() == read()
    assert '"total": {"amount": "67.97", "currency": "CNY"}' in read()
