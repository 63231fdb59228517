"""An erased person is shown to nobody, and does not come back by anything that is sent again."""

from typing import Any

import pytest
from sqlalchemy import text

from models.database import Sessions
from record.people.erasing import erase
from tests.api.channel_calls import moved, open_account, push, says
from tests.api.conftest import Api, assert_problem, order_body
from tests.factories import CHANNEL
from tests.planted import BUYER, plant

PATHS = ("/orders/{0}", "/returns/{0}-R-1", "/returns", "/shipments/{0}-S-1", "/intakes/{0}", "/orders")


@pytest.mark.parametrize("path", PATHS)
async def test_an_order_of_an_erased_person_can_still_be_read(
    staff: Api, viewer: Api, sessions: Sessions, path: str
) -> None:
    order_id = plant(sessions)
    erase(sessions, [BUYER], "lin")

    answers = [await api.get(path.format(order_id)) for api in (staff, viewer)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Xiadan" not in answers[0].text


async def test_a_label_of_an_erased_receiver_is_refused(staff: Api, sessions: Sessions) -> None:
    order_id = plant(sessions)
    erase(sessions, [BUYER], "lin")

    answer = await staff.get(f"/shipments/{order_id}-S-1/label")

    assert "erased" in assert_problem(answer, 409, "refused")["detail"]


@pytest.fixture
async def erased(anybody: Api, sessions: Sessions) -> str:
    """An order of a channel whose customer was erased."""
    open_account(sessions, CHANNEL)
    assert (await push(anybody, CHANNEL, says("created"))).status_code == 202
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'completed'"))
    assert erase(sessions, [order_body()["customer"]["customer_id"]], "lin").orders == 1
    return CHANNEL


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(says("created"), id="the same again"),
        pytest.param(says("updated", modified_at="2030-01-01T00:00:00Z"), id="a later state"),
        pytest.param(says("updated", modified_at="2030-01-01T00:00:00Z", ship_to=moved()), id="another address"),
        pytest.param(says("updated", tags=["vip"]), id="another body of the same time"),
    ],
)
async def test_a_repeated_webhook_does_not_bring_back_an_erased_person(
    anybody: Api, sessions: Sessions, erased: str, sent: bytes
) -> None:
    # when
    answer = await push(anybody, erased, sent)

    # then it is accepted, so that the channel does not repeat it, and nothing of it is kept
    assert answer.status_code == 202, answer.text
    phone = order_body()["ship_to"]["phone"]
    with sessions() as session:
        rows: list[Any] = list(session.scalars(text("SELECT o::text FROM orders o")))
        rows += session.scalars(text("SELECT convert_from(raw, 'UTF8') FROM intakes"))
    assert [row for row in rows if phone in row] == []


async def test_placing_the_order_again_does_not_bring_back_an_erased_person(tmall: Api, sessions: Sessions) -> None:
    # given an order of the plain API whose customer was erased
    placed = await tmall.post("/orders", json=order_body(channel=CHANNEL))
    with sessions.begin() as session:
        session.execute(text("UPDATE orders SET status = 'completed'"))
    erase(sessions, [order_body()["customer"]["customer_id"]], "lin")

    # when
    again = await tmall.post("/orders", json=order_body(channel=CHANNEL))

    # then
    problem = assert_problem(again, 409, "other-body")
    assert problem["order_id"] == placed.json()["order_id"]
    with sessions() as session:
        assert session.scalar(text("SELECT receiver FROM orders")) == {}
