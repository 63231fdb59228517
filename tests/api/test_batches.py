"""Many orders in one request: one answer for each item, and no item fails because of another."""

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from commands.keys import create_key
from models.channel import IntakeRow
from models.database import Sessions
from models.order import OrderRow
from settings import Settings
from tests.api.conftest import Api, Body, assert_problem, fields, order_body, running
from tests.channels.payloads import sample


def batch(*bodies: Body) -> bytes:
    return json.dumps(list(bodies)).encode()


def ndjson(*bodies: Body) -> bytes:
    return b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(body).encode() for body in bodies) + b"\n\n"


def named(number: int, **changes: object) -> Body:
    return order_body(channel_order_id=f"TM-{number}", **changes)


def statuses(items: Sequence[Body]) -> list[int]:
    return [item["status"] for item in items]


@pytest.mark.parametrize("form", [batch, ndjson])
async def test_each_order_of_a_batch_has_its_own_answer_in_the_same_sequence(
    tmall: Api, sessions: Sessions, form: object
) -> None:
    assert callable(form)
    await tmall.post("/orders", json=named(1))
    bodies = [named(1), named(2, remarks="new"), named(1, remarks="other"), named(3, lines=[]), named(2, remarks="new")]
    foreign = named(4, channel="jd")

    answer = await tmall.post("/orders:batch", content=form(*bodies, foreign))

    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert statuses(items) == [200, 202, 409, 422, 200, 403]
    assert [item["channel_order_id"] for item in items] == ["TM-1", "TM-2", "TM-1", None, "TM-2", None]
    assert items[3]["errors"] == [{"field": "lines", "message": items[3]["errors"][0]["message"]}]
    assert items[2]["order_id"] == items[0]["order_id"]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 2


async def test_a_batch_with_an_idempotency_key_gets_the_first_answer_again(tmall: Api) -> None:
    key = {"Idempotency-Key": '"batch-1"'}
    whole = batch(*(named(number, remarks="x" * 1_000) for number in range(1_000)))

    first = await tmall.post("/orders:batch", content=whole + b" " * 2_000_000, headers=key)
    again = await tmall.post("/orders:batch", content=whole + b" " * 2_000_000, headers=key)

    # It is the kept answer: placing them again would give 200 for each item.
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert_problem(await tmall.post("/orders:batch", content=batch(named(1)), headers=key), 422, "other-request")


async def test_the_answer_to_a_batch_with_retryable_items_is_not_kept(settings: Settings, sessions: Sessions) -> None:
    key = {"Idempotency-Key": '"batch-2"'}
    async with running(settings.model_copy(update={"channel_backlog": 1})) as connect:
        api = connect(create_key(sessions, "Sun of support", "staff"))
        full = await api.post("/orders:batch", content=batch(named(1), named(2)), headers=key)
        again = await api.post("/orders:batch", content=batch(named(1), named(2)), headers=key)

    assert set(statuses(full.json()["items"])) == {429}
    assert "idempotency-replayed" not in again.headers


async def test_a_thousand_orders_may_be_sent_at_once_and_again(tmall: Api, sessions: Sessions) -> None:
    whole = ndjson(*(named(number) for number in range(1_000)))

    first = (await tmall.post("/orders:batch", content=whole)).json()["items"]
    again = (await tmall.post("/orders:batch", content=whole)).json()["items"]

    assert (set(statuses(first)), set(statuses(again))) == ({202}, {200})
    assert [item["order_id"] for item in first] == [item["order_id"] for item in again]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 1_000


@pytest.mark.parametrize("body", [b"", b"[]", b"[{]", b"{}\n" * 1_001, b'["\xff"]'])
async def test_a_malformed_batch_is_refused_as_a_whole(manager: Api, body: bytes) -> None:
    assert fields(assert_problem(await manager.post("/orders:batch", content=body), 422, "invalid")) == ["body"]


@pytest.mark.parametrize("line", [b"7", b"null", b'"order"', b"{", b"\xff\xfe"])
async def test_an_invalid_item_fails_alone(tmall: Api, line: bytes) -> None:
    content = json.dumps(named(1)).encode() + b"\n" + line
    items = (await tmall.post("/orders:batch", content=content)).json()["items"]
    assert statuses(items) == [202, 422]


async def test_a_channels_file_is_taken_in_its_own_format_and_unreadable_orders_are_kept(
    staff: Api, sessions: Sessions
) -> None:
    good = json.dumps(json.loads(sample("shopify", "ordinary"))).encode()
    broken = json.dumps(json.loads(sample("shopify", "broken"))).encode()
    where, asked = "/channels/shop-us/orders:batch", {"translator": "shopify", "source": "file"}

    first = (await staff.post(where, params=asked, content=good + b"\n" + broken)).json()["items"]
    again = (await staff.post(where, params=asked, content=good + b"\n" + broken)).json()["items"]

    assert (statuses(first), statuses(again)) == ([202, 422], [200, 422])
    assert first[1]["errors"][0]["field"]
    assert [item["intake_id"] for item in first] == [item["intake_id"] for item in again]
    with sessions() as session:
        kept = session.get_one(IntakeRow, first[1]["intake_id"])
        assert (kept.source, kept.status, kept.raw, kept.tries) == ("file", "rejected", broken, 2)


async def test_a_known_order_with_another_body_of_the_same_time_is_a_conflict(staff: Api) -> None:
    where, asked = "/channels/tmall/orders:batch", {"translator": "file"}
    content = ndjson(order_body(), order_body(remarks="other"))

    items = (await staff.post(where, params=asked, content=content)).json()["items"]

    assert statuses(items) == [202, 409]


async def test_a_batch_of_an_unknown_channel_is_refused(manager: Api) -> None:
    assert_problem(await manager.post("/channels/nobody/orders:batch", content=b"{}"), 404, "not-found")
    answer = await manager.post("/channels/nobody/orders:batch", params={"translator": "etsy"}, content=b"{}")
    assert fields(assert_problem(answer, 422, "invalid")) == ["translator"]
