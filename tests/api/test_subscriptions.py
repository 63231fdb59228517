"""Subscriptions: who may have them, invalid fields, the secret that is shown once, and sending events again."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from commands.keys import create_key
from models.database import Sessions
from models.subscription import DeliveryRow
from record import journal
from record.horizon import LogHorizon
from record.subscriptions.queue import fill
from settings import Settings
from tests.api.conftest import Api, Connect, assert_problem, fields, running
from tests.factories import place_order

PUBLIC = {"url": "https://8.8.8.8/hook", "types": ["com.baton.order.*"]}


async def subscribe(api: Api, **changes: Any) -> dict[str, Any]:
    answer = await api.post("/subscriptions", json=PUBLIC | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def happened(sessions: Sessions, order_id: str, *events: str) -> None:
    with sessions.begin() as session:
        for event in events:
            journal.append_fact(session, order_id, event, event)


def queue(sessions: Sessions, subscription_id: str) -> None:
    with sessions.begin() as session:
        horizon = LogHorizon().look(session)
        fill(session, subscription_id, horizon)


async def test_the_secret_is_shown_once(staff: Api) -> None:
    made = await subscribe(staff, description="the data team")
    name = made["subscription_id"]

    shown = (await staff.get(f"/subscriptions/{name}")).json()
    listed = (await staff.get("/subscriptions")).json()["items"]

    assert made["secret"].startswith("whsec_")
    assert "secret" not in shown
    assert [one["subscription_id"] for one in listed] == [name]
    assert (shown["waiting"], shown["parked"], shown["active"]) == (0, 0, True)
    assert made["created_by"] == "Sun of support"


async def test_a_rotated_secret_is_shown_and_the_former_one_stays_valid_for_some_time(staff: Api) -> None:
    made = await subscribe(staff)

    rotated = await staff.post(f"/subscriptions/{made['subscription_id']}/secret", json={"overlap_seconds": 60})

    assert rotated.status_code == 200
    assert rotated.json()["secret"] not in ("", made["secret"])
    assert rotated.json()["former_until"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("url", url) for url in ("ftp://example.com", "https://", "http://user:word@8.8.8.8/", "http://127.0.0.1/")),
        *(("url", url) for url in ("http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://2130706433/")),
        *(("url", url) for url in ("http://localhost:8080/", "https://nobody.invalid/")),
        ("types", []),
        ("types[0]", ["order.shipped"]),
        ("types[0]", ["com.baton.nothing.*"]),
        ("description", "x" * 301),
    ],
)
async def test_an_invalid_field_is_refused_by_name(manager: Api, field: str, value: Any) -> None:
    body = PUBLIC | {field.removesuffix("[0]"): value}

    assert fields(assert_problem(await manager.post("/subscriptions", json=body), 422, "invalid")) == [field]


async def test_a_change_is_checked_like_a_new_subscription(staff: Api) -> None:
    name = (await subscribe(staff))["subscription_id"]

    wrong = await staff.patch(f"/subscriptions/{name}", json={"url": "http://10.0.0.1/"})
    right = await staff.patch(f"/subscriptions/{name}", json={"types": ["*"], "active": False})

    assert fields(assert_problem(wrong, 422, "invalid")) == ["url"]
    assert (right.json()["types"], right.json()["active"], right.json()["url"]) == (["*"], False, PUBLIC["url"])


async def test_a_channel_subscribes_only_to_its_own_orders(tmall: Api, shop: Api, staff: Api) -> None:
    of_tmall = await subscribe(tmall)
    of_all = await subscribe(staff)
    name = of_tmall["subscription_id"]

    assert (of_tmall["channel"], of_all["channel"]) == ("tmall", None)
    assert_problem(await tmall.post("/subscriptions", json=PUBLIC | {"channel": "shop"}), 403, "forbidden")
    for path in ("", "/deliveries"):
        assert_problem(await shop.get(f"/subscriptions/{name}{path}"), 404, "not-found")
    assert_problem(await shop.delete(f"/subscriptions/{name}"), 404, "not-found")
    assert [one["subscription_id"] for one in (await tmall.get("/subscriptions")).json()["items"]] == [name]


async def test_a_viewer_may_not_subscribe(viewer: Api) -> None:
    assert_problem(await viewer.post("/subscriptions", json=PUBLIC), 403, "forbidden")
    assert_problem(await viewer.get("/subscriptions"), 403, "forbidden")


async def test_ending_a_subscription_deletes_its_deliveries(staff: Api, sessions: Sessions) -> None:
    name = (await subscribe(staff))["subscription_id"]
    await staff.post(f"/subscriptions/{name}/ping")

    ended = await staff.delete(f"/subscriptions/{name}")

    assert ended.status_code == 200
    assert_problem(await staff.get(f"/subscriptions/{name}"), 404, "not-found")
    with sessions() as session:
        assert session.query(DeliveryRow).count() == 0


async def test_a_ping_waits_to_be_sent_and_is_listed(staff: Api) -> None:
    name = (await subscribe(staff))["subscription_id"]

    asked = await staff.post(f"/subscriptions/{name}/ping")
    [listed] = (await staff.get(f"/subscriptions/{name}/deliveries")).json()["items"]

    assert asked.status_code == 202
    assert listed["delivery_id"] == asked.json()["delivery_id"]
    assert (listed["type"], listed["state"], listed["order_id"]) == ("com.baton.ping", "waiting", None)


async def test_a_subscription_gets_events_from_now_on_or_since_a_time(staff: Api, sessions: Sessions) -> None:
    order_id = place_order(sessions)
    happened(sessions, order_id, "order.received")

    now = (await subscribe(staff))["subscription_id"]
    since = (await subscribe(staff, since="2000-01-01T00:00:00Z"))["subscription_id"]
    happened(sessions, order_id, "order.accepted")

    heard = {}
    for name in (now, since):
        queue(sessions, name)
        items = (await staff.get(f"/subscriptions/{name}/deliveries")).json()["items"]
        heard[name] = [item["type"].rpartition(".")[2] for item in items]
    assert heard == {now: ["accepted"], since: ["accepted", "received"]}


async def test_a_replay_sends_the_same_events_with_the_same_ids(staff: Api, sessions: Sessions) -> None:
    name = (await subscribe(staff))["subscription_id"]
    happened(sessions, place_order(sessions), "order.received", "order.accepted")
    queue(sessions, name)
    with sessions.begin() as session:
        session.execute(update(DeliveryRow).values(state="delivered", tries=1))
    before = (await staff.get(f"/subscriptions/{name}/deliveries")).json()["items"]

    asked = await staff.post(f"/subscriptions/{name}/replay", json={"since": "2000-01-01T00:00:00Z"})
    queue(sessions, name)
    after = (await staff.get(f"/subscriptions/{name}/deliveries", params={"state": "waiting"})).json()["items"]

    assert asked.status_code == 202
    assert [one["message_id"] for one in after] == [one["message_id"] for one in before]
    assert {one["tries"] for one in after} == {0}
    assert_problem(await staff.post(f"/subscriptions/{name}/replay", json={}), 422, "invalid")


async def test_one_delivery_is_sent_again_and_deliveries_are_listed_by_page(staff: Api, sessions: Sessions) -> None:
    name = (await subscribe(staff))["subscription_id"]
    happened(sessions, place_order(sessions), "order.received", "order.accepted")
    queue(sessions, name)
    with sessions.begin() as session:
        session.execute(update(DeliveryRow).values(state="parked", tries=10))
    first = (await staff.get(f"/subscriptions/{name}/deliveries", params={"limit": 1, "state": "parked"})).json()
    path = f"/subscriptions/{name}/deliveries"

    again = await staff.post(f"{path}/{first['items'][0]['delivery_id']}/redeliver")
    second = (await staff.get(path, params={"cursor": first["next_cursor"]})).json()
    waiting = (await staff.get(path, params={"state": "waiting"})).json()["items"]

    assert again.status_code == 202
    assert (waiting[0]["delivery_id"], waiting[0]["tries"]) == (first["items"][0]["delivery_id"], 0)
    assert [one["type"].rpartition(".")[2] for one in second["items"]] == ["received"]
    assert_problem(await staff.post(f"{path}/999999/redeliver"), 404, "not-found")


async def test_a_setting_allows_subscribers_on_this_machine(settings: Settings, sessions: Sessions) -> None:
    private = settings.model_copy(update={"subscriptions_private": True})
    async with running(private) as connect:
        staff = connect(create_key(sessions, "Sun of support", "staff"))

        assert (await staff.post("/subscriptions", json=PUBLIC | {"url": "http://127.0.0.1:9/"})).status_code == 201


async def test_a_repeated_request_with_a_key_creates_one_subscription(staff: Api) -> None:
    key = {"Idempotency-Key": '"once"'}

    answers: list[httpx2.Response] = [await staff.post("/subscriptions", json=PUBLIC, headers=key) for _ in range(2)]

    assert len({answer.json()["subscription_id"] for answer in answers}) == 1
    assert len((await staff.get("/subscriptions")).json()["items"]) == 1


async def test_an_unknown_key_may_not_subscribe(connect: Connect) -> None:
    assert_problem(await connect("").get("/subscriptions"), 401, "unauthenticated")
