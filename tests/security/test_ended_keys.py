"""C17: subscriptions, streams and kept answers of a key end with it and serve no other key (sec_05, sec_11)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.access import KeyRing
from api.subscriptions import event_stream
from commands.keys import KeyRefused, create_key, revoke_keys, roll_key
from models.database import Sessions
from settings import Settings
from tests.api.conftest import NOBODY, Connect, running
from tests.factories import place_order
from tests.record.receiver import Post, Receiver, receiving

HELD = "order.held"
SUBSCRIPTION = {"url": "https://example.com/hook", "types": ["*"]}


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    with receiving() as found:
        yield found


@pytest.fixture
async def connect(settings: Settings) -> AsyncIterator[Connect]:
    private = {"temporal_address": NOBODY, "subscriptions_private": True}
    async with running(settings.model_copy(update=private)) as client:
        yield client


def expire(sessions: Sessions, name: str) -> None:
    """Let this key expire now."""
    with sessions.begin() as session:
        session.execute(text("UPDATE api_keys SET expires_at = now() WHERE name = :name"), {"name": name})


def key_ids(sessions: Sessions, name: str) -> list[str]:
    """Ids of the keys with this name, oldest first."""
    found = text("SELECT key_id FROM api_keys WHERE name = :name ORDER BY created_at")
    with sessions() as session:
        return list(session.scalars(found, {"name": name}))


@pytest.mark.parametrize("ended", ["revoked", "expired"])
async def test_a_subscription_gets_nothing_after_its_key_ended(
    sessions: Sessions, connect: Connect, receiver: tuple[Receiver, str], ended: str
) -> None:
    # given a subscription that shows people, and an event delivered before its key ended
    key = create_key(sessions, "web-connector", "channel", "tmall")
    made = await connect(key).post("/subscriptions", json=SUBSCRIPTION | {"url": receiver[1], "people": True})
    subscription, post, order_id = made.json()["subscription_id"], Post(sessions), place_order(sessions)
    post.happened(order_id, HELD, code="FIRST")
    assert (await asyncio.to_thread(post.deliver, subscription)).taken == 1

    # when
    post.happened(order_id, HELD, code="SECOND", line_no=1)
    if ended == "revoked":
        revoke_keys(sessions, "web-connector")
    else:
        expire(sessions, "web-connector")

    # then nothing more is delivered, and staff see why
    assert (await asyncio.to_thread(post.deliver, subscription)).taken == 0
    assert len(receiver[0].came) == 1
    assert post.subscription(subscription).disabled_because == "its key was revoked or has expired"


async def test_a_key_that_reactivates_a_subscription_owns_it(sessions: Sessions, connect: Connect) -> None:
    # given a subscription whose key was revoked
    made = await connect(create_key(sessions, "web-connector", "channel", "tmall")).post(
        "/subscriptions", json=SUBSCRIPTION | {"url": "http://127.0.0.1:9/"}
    )
    revoke_keys(sessions, "web-connector")

    # when
    heir = connect(create_key(sessions, "new-connector", "channel", "tmall"))
    changed = await heir.patch(f"/subscriptions/{made.json()['subscription_id']}", json={"active": True})

    # then
    assert changed.json()["active"]
    assert changed.json()["key_id"] == key_ids(sessions, "new-connector")[0]


async def test_an_open_stream_ends_with_its_key(sessions: Sessions, settings: Settings) -> None:
    # given a stream whose key is checked at every event
    key = create_key(sessions, "a dashboard", "viewer")
    clock = iter(range(0, 1_000_000, 60))
    order_id = place_order(sessions)
    async with running(settings.model_copy(update={"temporal_address": NOBODY})) as connect:
        services = connect("")._transport.app.state.services  # type: ignore[attr-defined]
        ring = KeyRing(sessions, now=lambda: float(next(clock)))
        object.__setattr__(services, "keys", ring)
        caller = await ring.caller(key)
        assert caller is not None
        stream = event_stream._events(services, caller, [HELD], None, 0)
        assert (await anext(stream)).comment == "connected"
        Post(sessions).happened(order_id, HELD, code="FIRST")
        assert (await anext(stream)).event == "com.baton.order.held"

        # when
        revoke_keys(sessions, "a dashboard")
        Post(sessions).happened(order_id, HELD, code="SECOND", line_no=1)

        # then
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_kept_answer_is_replayed_only_to_the_key_that_asked(sessions: Sessions, connect: Connect) -> None:
    # given two keys that had the same name one after the other
    again = {"Idempotency-Key": '"made-once"'}
    body = SUBSCRIPTION | {"url": "http://127.0.0.1:9/"}
    first = connect(create_key(sessions, "same", "channel", "tmall"))
    made = await first.post("/subscriptions", json=body, headers=again)
    revoke_keys(sessions, "same")
    second = connect(create_key(sessions, "same", "channel", "shop"))

    # when
    other = await second.post("/subscriptions", json=body, headers=again)

    # then
    assert other.json()["secret"] != made.json()["secret"]
    assert other.json()["channel"] == "shop"
    assert "idempotency-replayed" not in other.headers


def test_two_valid_keys_cannot_have_the_same_name(sessions: Sessions) -> None:
    create_key(sessions, "web-connector", "channel", "web")

    with pytest.raises(KeyRefused, match="web-connector has a key in force"):
        create_key(sessions, "web-connector", "channel", "tmall")

    expire(sessions, "web-connector")
    assert create_key(sessions, "web-connector", "channel", "tmall")


async def test_a_rolled_key_passes_its_rights_and_subscriptions_to_the_new_one(sessions: Sessions) -> None:
    # given a key with a subscription
    old, ring = create_key(sessions, "web-connector", "channel", "web"), KeyRing(sessions, lifetime=0)
    post = Post(sessions)
    subscription = post.subscribe("http://127.0.0.1:9/", key_id=key_ids(sessions, "web-connector")[0])

    # when it is rolled, and the 24 hours of the old key are over
    new = roll_key(sessions, "web-connector", timedelta(hours=24), days=90)
    both = [await ring.caller(key) for key in (old, new)]
    with sessions.begin() as session:
        session.execute(text("UPDATE api_keys SET expires_at = expires_at - interval '25 hours'"))

    # then both were valid during that time, and only the new one afterwards
    first, second = key_ids(sessions, "web-connector")
    assert [one and (one.key_id, one.channel) for one in both] == [(first, "web"), (second, "web")]
    assert await ring.caller(old) is None
    assert await ring.caller(new) is not None
    assert post.subscription(subscription).key_id == second


def test_a_single_key_is_revoked_by_its_id(sessions: Sessions) -> None:
    create_key(sessions, "web-connector", "channel", "web")
    roll_key(sessions, "web-connector", timedelta(hours=24))
    first, second = key_ids(sessions, "web-connector")

    assert revoke_keys(sessions, first) == 1
    assert revoke_keys(sessions, first) == 0
    assert revoke_keys(sessions, "web-connector") == 1
    assert second


async def test_the_last_use_of_a_key_is_recorded(sessions: Sessions) -> None:
    used, ring = text("SELECT last_used_at > now() - interval '1 minute' FROM api_keys"), KeyRing(sessions)
    key = create_key(sessions, "web-connector", "channel", "web")
    with sessions() as session:
        assert session.scalar(used) is None

    await ring.caller(key)

    with sessions() as session:
        assert session.scalar(used) is True
