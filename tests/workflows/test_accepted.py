"""A channel may wait in one call for whether its order is accepted, or why not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from api.app import create_app
from commands.keys import create_key
from models.database import Sessions
from models.order import OrderRow
from settings import Settings
from tests.baton import Baton, order_body
from tests.integrations.servers import serving

NO_STREET = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
Say = Callable[..., dict[str, Any]]


async def placed(baton: Baton, name: str, status: int = 200, **changes: Any) -> dict[str, Any]:
    body = order_body(f"{name}-{uuid4().hex[:6]}", **changes)
    answer = await baton.api.post("/orders", params={"wait": "accepted"}, json=body)
    assert answer.status_code == status, answer.text
    verdict: dict[str, Any] = answer.json()
    baton.placed[verdict["order_id"]] = body["channel_order_id"]
    return verdict


async def test_a_good_order_is_accepted_and_its_stock_reserved(silent: Baton) -> None:
    verdict = await placed(silent, "GOOD")
    assert (verdict["outcome"], verdict["holds"], verdict["reason"]) == ("accepted", [], "")
    assert silent.rows("SELECT 1 FROM audits WHERE order_id = :id", id=verdict["order_id"])


async def test_an_order_that_is_held_says_by_what(silent: Baton) -> None:
    verdict = await placed(silent, "HELD", ship_to=NO_STREET, lines=[("NO-SUCH-THING", 1, "5.00")])
    assert (verdict["outcome"], verdict["holds"]) == ("held", ["ADDRESS", "UNKNOWN_GOODS"])


async def test_an_order_for_more_than_is_available_says_how_much_is_missing(silent: Baton) -> None:
    verdict = await placed(silent, "SHORT", lines=[("LAST-PIANO", 3, "900.00")])
    assert (verdict["outcome"], verdict["reason"]) == ("waiting_for_stock", "3 units that no location has")


async def test_an_order_whose_payment_failed_is_rejected_with_the_reason(silent: Baton) -> None:
    reference = f"PAY-{uuid4().hex[:6]}"
    payment = {"reference": reference, "amount": "330.00", "currency": "CNY", "status": "failed"}
    await silent.simulators.post("/payments/payments", json=payment)
    verdict = await placed(silent, "FAILED", payment={"reference": reference, "method": "wechat"})
    assert (verdict["outcome"], "the payment is failed" in verdict["reason"]) == ("rejected", True)


async def test_the_same_order_again_gets_the_same_answer(silent: Baton) -> None:
    name = f"AGAIN-{uuid4().hex[:6]}"
    body = order_body(name)
    answers = [await silent.api.post("/orders", params={"wait": "accepted"}, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.json()["outcome"] for answer in answers} == {"accepted"}


async def test_a_caller_can_wait_only_for_the_acceptance(silent: Baton) -> None:
    answer = await silent.api.post("/orders", params={"wait": "delivered"}, json=order_body(uuid4().hex))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "wait")


@pytest.mark.parametrize("trouble", ["nobody works", "temporal is down"])
async def test_an_order_without_a_verdict_in_time_gets_a_plain_202(
    silent: Baton, settings: Settings, sessions: Sessions, trouble: str
) -> None:
    # given an API whose orders nobody takes up, in a database that no relay looks at
    changes = {"task_queue": "nobody", "accept_deadline": timedelta(seconds=0.3)}
    changes["temporal_address"] = "127.0.0.1:9" if trouble == "temporal is down" else silent.settings.temporal_address
    headers = {"Authorization": f"Bearer {create_key(sessions, 'Sun of support', 'staff')}"}
    with serving(create_app(settings.model_copy(update=changes))) as url:
        # when an order comes
        async with httpx2.AsyncClient(base_url=url, headers=headers) as api:
            answer = await api.post("/orders?wait=accepted", json=order_body(uuid4().hex))

    # then it is committed, and the answer is the plain one
    assert answer.status_code == 202
    assert "outcome" not in answer.json()
    with sessions() as session:
        assert session.get(OrderRow, answer.json()["order_id"])
