"""A request with an Idempotency-Key is answered once; the same again gets the same answer."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from api.answer_store import AnswerStore
from commands.keys import create_key
from models.database import Sessions
from models.idempotency import IdempotencyKeyRow
from models.order import OrderRow
from settings import Settings
from tests.api.conftest import Api, assert_problem, order_body, running

KEY = {"Idempotency-Key": '"8e03978e-40d5"'}


async def test_the_same_request_gets_the_stored_answer_with_its_status(tmall: Api, sessions: Sessions) -> None:
    # given
    first = await tmall.post("/orders", json=order_body(), headers=KEY)

    # when it is sent again
    again = await tmall.post("/orders", json=order_body(), headers=KEY)

    # then it is the kept answer: placing the order again would be a 200
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 1


async def test_a_refusal_is_replayed_too(tmall: Api) -> None:
    wrong = order_body(currency="YUAN")
    first = await tmall.post("/orders", json=wrong, headers=KEY)
    again = await tmall.post("/orders", json=wrong, headers=KEY)
    assert assert_problem(first, 422, "invalid") == assert_problem(again, 422, "invalid")
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("given", ["8e03", '"', '""', '"a" "b"', '"a\\b"', '"ä"'.encode(), f'"{"x" * 256}"', '"a";p=1'])
async def test_a_malformed_key_is_refused(manager: Api, given: str | bytes) -> None:
    answer = await manager.post("/orders", json=order_body(), headers=[(b"Idempotency-Key", given)])  # type: ignore[list-item]
    assert_problem(answer, 400, "idempotency-key")


async def test_a_key_used_for_another_request_is_refused(tmall: Api, place: object) -> None:
    first = await tmall.post("/orders", json=order_body(), headers=KEY)
    other = await tmall.post("/orders", json=order_body(remarks="leave at the door"), headers=KEY)
    assert_problem(other, 422, "other-request")
    elsewhere = await tmall.post(f"/orders/{first.json()['order_id']}/cancel", json=order_body(), headers=KEY)
    assert_problem(elsewhere, 422, "other-request")


async def test_two_holders_may_use_the_same_key(tmall: Api, shop: Api) -> None:
    assert (await tmall.post("/orders", json=order_body(), headers=KEY)).status_code == 202
    assert (await shop.post("/orders", json=order_body(channel="shop"), headers=KEY)).status_code == 202


async def test_a_repeat_during_the_first_request_is_refused_as_still_running(tmall: Api) -> None:
    answers = await asyncio.gather(*[tmall.post("/orders", json=order_body(), headers=KEY) for _ in range(5)])
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}
    assert 202 in statuses
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "still-running")
    assert (await tmall.post("/orders", json=order_body(), headers=KEY)).status_code == 202


async def test_a_server_error_is_not_kept(staff: Api, sessions: Sessions) -> None:
    # given an order and a Temporal that does not answer
    order_id = (await staff.post("/orders", json=order_body())).json()["order_id"]
    body = {"reason": "changed my mind"}
    first = await staff.post(f"/orders/{order_id}/cancel", json=body, headers=KEY)
    assert first.status_code == 503

    # then nothing is kept
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKeyRow)) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [("cancel", {"reason": "why"}), ("returns", {"case_id": "C-1"}), ("holds/ADDRESS/release", {})],
)
async def test_every_command_to_an_order_honors_the_key(staff: Api, path: str, body: object) -> None:
    answers = [await staff.post(f"/orders/NONE/{path}", json=body, headers=KEY) for _ in range(2)]
    assert answers[0].status_code in (404, 422)
    assert answers[1].content == answers[0].content
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_a_missing_key_is_refused_where_it_is_required(settings: Settings, sessions: Sessions) -> None:
    key = create_key(sessions, "Sun of support", "staff")
    async with running(settings.model_copy(update={"idempotency_key_required": True})) as connect:
        assert_problem(await connect(key).post("/orders", json=order_body()), 400, "idempotency-key")
        assert (await connect(key).get("/orders")).status_code == 200
        assert (await connect(key).post("/orders", json=order_body(), headers=KEY)).status_code == 202


async def test_an_unknown_caller_stores_no_key(anybody: Api, sessions: Sessions) -> None:
    assert_problem(await anybody.post("/orders", json=order_body(), headers=KEY), 401, "unauthenticated")
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKeyRow)) == 0


def test_a_claim_of_a_dead_process_is_taken_over_only_by_the_same_request(sessions: Sessions) -> None:
    store = AnswerStore(sessions)
    assert store.claim("shop", "k", "print") is None
    with sessions.begin() as session:
        session.execute(text("UPDATE idempotency_keys SET claimed_at = now() - interval '2 minutes'"))

    assert store.claim("shop", "k", "other") is not None
    assert store.claim("shop", "k", "print") is None


def test_keys_are_deleted_after_a_day(sessions: Sessions) -> None:
    # given three answers of yesterday
    store = AnswerStore(sessions)
    for key in ("a", "b", "c"):
        store.claim("shop", key, "print")
        store.keep("shop", key, "print", 202, "{}", "application/json")
    with sessions.begin() as session:
        session.execute(text("UPDATE idempotency_keys SET claimed_at = now() - interval '25 hours'"))

    # when two requests come, one with a key of yesterday and another body
    assert store.claim("shop", "c", "another print") is None
    assert store.claim("shop", "d", "print") is None

    # then only their keys remain
    with sessions() as session:
        assert set(session.scalars(select(IdempotencyKeyRow.key))) == {"c", "d"}
