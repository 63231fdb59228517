"""Webhooks of channels in their own formats: taken in, kept when unreadable, and refused without a signature."""

import asyncio
import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import func, select

from integrations.channels.registry import TRANSLATORS
from models.channel import IntakeRow
from models.database import Sessions
from models.edits import OrderEditRow
from models.fulfillment import FulfillmentOrderRow
from models.messaging import PartnerEventRow
from models.order import OrderEventRow, OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from models.stock import LocationRow
from tests.api.channel_calls import moved, open_account, push, says, signed
from tests.api.conftest import Api, assert_problem
from tests.channels.payloads import CHANNELS, expected, sample


@pytest.mark.parametrize("translator", [name for name in CHANNELS if not TRANSLATORS[name].answer])
async def test_an_order_is_taken_in_the_format_of_its_channel(
    anybody: Api, sessions: Sessions, translator: str
) -> None:
    # given
    wanted = expected(f"{translator}-ordinary")
    open_account(sessions, wanted["channel"], translator)
    raw = sample(translator, "ordinary")

    # when
    answer = await push(anybody, wanted["channel"], raw, translator)

    # then
    assert answer.status_code == 202, answer.text
    answered = answer.json()
    assert (answered["status"], answered["field"], answered["reason"]) == ("taken", None, None)
    with sessions() as session:
        order = session.get_one(OrderRow, answered["order_id"])
        kept = session.get_one(IntakeRow, answered["intake_id"])
    assert (order.channel, order.channel_order_id) == (wanted["channel"], wanted["channel_order_id"])
    assert (kept.raw, kept.source, kept.order_id) == (raw, "webhook", order.order_id)


async def test_a_repeated_webhook_is_one_intake_and_one_order(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")

    answers = await asyncio.gather(*[push(anybody, "tmall", says("created")) for _ in range(5)])

    assert len({(answer.json()["intake_id"], answer.json()["order_id"]) for answer in answers}) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 1
        assert session.scalars(select(IntakeRow.tries)).one() == 5


async def test_an_unreadable_order_is_kept_and_taken_after_a_fix(anybody: Api, staff: Api, sessions: Sessions) -> None:
    # given an order in local time, of an account without a time zone
    open_account(sessions, "tmall")
    raw = says("created", placed_at="2026-01-01T09:30:00")
    refused = (await push(anybody, "tmall", raw)).json()
    assert (refused["status"], refused["field"], refused["order_id"]) == ("rejected", "data.placed_at", None)
    [listed] = (await staff.get("/intakes", params={"status": "rejected"})).json()["items"]
    assert listed["intake_id"] == refused["intake_id"]
    assert (await staff.get(f"/intakes/{listed['intake_id']}")).json()["raw"] == raw.decode()
    again = (await staff.post(f"/intakes/{listed['intake_id']}/retry")).json()
    assert (again["status"], again["field"]) == ("rejected", "data.placed_at")

    # when
    open_account(sessions, "tmall", zone="Asia/Shanghai")
    taken = (await staff.post(f"/intakes/{listed['intake_id']}/retry")).json()

    # then
    assert taken["status"] == "retried"
    with sessions() as session:
        order = session.get_one(OrderRow, taken["order_id"])
        assert order.placed_at == datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
        assert session.get_one(IntakeRow, taken["intake_id"]).tries == 3
    assert (await staff.get("/intakes", params={"status": "rejected"})).json()["items"] == []


async def test_a_webhook_without_the_channels_signature_is_refused(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")
    open_account(sessions, "no-secret", "file")
    raw = says("created")
    forged = signed("plain", raw) | {"webhook-signature": "v1,AAAA"}
    late = signed("plain", raw) | {"webhook-timestamp": "1614265330"}

    for headers in ({}, forged, late, signed("plain", raw + b" ")):
        answer = await anybody.post("/channels/tmall/webhooks", content=raw, headers=headers)
        assert_problem(answer, 401, "unauthenticated")

    assert_problem(await push(anybody, "jd", raw), 404, "not-found")
    assert_problem(await push(anybody, "no-secret", raw), 404, "not-found")
    with sessions() as session:
        assert session.scalars(select(IntakeRow)).all() == []


async def test_an_account_may_sign_in_its_own_way(anybody: Api, sessions: Sessions) -> None:
    own = {"signature": {"header": "X-Gate-Sign", "algorithm": "sha1", "prefix": "sha1="}}
    open_account(sessions, "tmall", "plain", **own)

    answer = await push(anybody, "tmall", says("created"), "plain", **own)

    assert answer.json()["status"] == "taken"
    with sessions() as session:
        assert session.scalars(select(IntakeRow.headers)).one() == {}


async def test_a_thin_event_waits_to_be_fetched_and_a_cancel_does_not(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")
    thin = json.dumps({"type": "order.canceled", "data": {"channel_order_id": "TM-9"}}).encode()

    answer = (await push(anybody, "tmall", thin)).json()

    assert (answer["status"], answer["order_id"]) == ("waiting", None)
    with sessions() as session:
        kept = session.get_one(IntakeRow, answer["intake_id"])
        event = session.scalars(select(PartnerEventRow)).one()
    assert kept.kind == "thin"
    assert [one["order_id"] for one in kept.wanted] == ["TM-9"]
    assert (event.partner, event.type, event.subject) == ("channel", "order.cancel_requested", "tmall/TM-9")


async def test_an_event_that_is_not_about_an_order_is_kept_and_ignored(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")
    answer = await push(anybody, "tmall", json.dumps({"type": "stock.low", "data": {}}).encode())
    assert answer.json()["status"] == "ignored"


async def test_a_changed_address_waits_until_the_work_is_called_back(anybody: Api, sessions: Sessions) -> None:
    # given
    open_account(sessions, "tmall")
    order_id = (await push(anybody, "tmall", says("created"))).json()["order_id"]

    # when
    early = says("address_changed", ship_to=moved(), modified_at="2026-01-01T10:00:00+08:00")
    assert (await push(anybody, "tmall", early)).json()["status"] == "taken"
    with sessions.begin() as session:
        session.add(LocationRow(location_id="HZ", kind="warehouse", name="HZ", country="CN", province=""))
        session.flush()
        session.add(
            FulfillmentOrderRow(
                fulfillment_order_id="F", order_id=order_id, number=1, location_id="HZ", status="released", reason=""
            )
        )
    late = says("address_changed", ship_to=moved(city="上海市"), modified_at="2026-01-01T11:00:00+08:00")
    await push(anybody, "tmall", late)

    # then
    with sessions() as session:
        order = session.get_one(OrderRow, order_id)
        events = session.scalars(select(OrderEventRow.type).order_by(OrderEventRow.event_id)).all()
        waiting = session.scalars(select(OrderEditRow).where(OrderEditRow.state == "proposed")).one()
        asked = session.scalars(select(PartnerEventRow).where(PartnerEventRow.type == "order.edit_asked")).one()
    assert (order.receiver["city"], order.receiver["lines"]) == ("苏州市", ["New Street 9"])
    assert (waiting.edit_id, waiting.wanted["ship_to"]["city"]) == (asked.event_id, "上海市")
    assert (order.attention, events) == (None, ["order.received", "order.changed"])


def lamps(units: int, total: str) -> dict[str, Any]:
    totals = {"discount": "0", "shipping": "10.00", "tax": "0", "grand_total": total}
    return {"lines": [{"sku": "ELEGANT-LAMP", "quantity": units, "unit_price": "100.00"}], "totals": totals}


async def changed_goods(api: Api, sessions: Sessions, total: str) -> tuple[OrderRow, OrderEditRow, int]:
    """The channel says twice that of two lamps of a paid order one is left. Return the order, its edit, and how often
    the workflow is asked to make it."""
    order_id = (await push(api, "tmall", says("created", **lamps(2, "210.00")))).json()["order_id"]
    with sessions.begin() as session:
        paid = {"order_id": order_id, "amount_minor": 21_000, "currency": "CNY", "gateway_reference": "P"}
        session.add(MoneyMovementRow(kind="captured", key=order_id, **paid))
    for hour in (11, 12):
        later = {"modified_at": f"2026-01-01T{hour}:00:00+08:00"}
        await push(api, "tmall", says("updated", **lamps(1, total), **later))
    with sessions() as session:
        asked = session.scalars(select(PartnerEventRow).where(PartnerEventRow.type == "order.edit_asked")).all()
        return session.get_one(OrderRow, order_id), session.scalars(select(OrderEditRow)).one(), len(asked)


async def test_changed_goods_are_an_edit_for_the_workflow(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")

    order, edit, asked = await changed_goods(anybody, sessions, "110.00")

    assert (order.attention, edit.state, edit.fields, asked) == (None, "proposed", ["lines"], 1)
    assert edit.difference_minor == -10_000


async def test_changed_goods_wait_for_a_person_where_the_account_says_so(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall", edits="ask")

    order, edit, asked = await changed_goods(anybody, sessions, "110.00")

    assert (edit.state, asked) == ("proposed", 0)
    assert order.attention == f"the channel changed the lines or amounts of the order: confirm its edit {edit.edit_id}"


async def test_changed_goods_that_do_not_give_the_total_call_a_person(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")

    order, edit, asked = await changed_goods(anybody, sessions, "99.00")

    assert (edit.state, asked) == ("refused", 0)
    assert "do not give its total" in str(order.attention)


async def test_a_requested_refund_becomes_a_return_case(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")
    await push(anybody, "tmall", says("refund_asked"))
    with sessions() as session:
        event = session.scalars(select(PartnerEventRow)).one()
    assert (event.type, event.subject) == ("return.requested", "tmall/TM-20260101-0001")
    assert event.data["lines"] == [{"line_no": 1, "quantity": 1}, {"line_no": 2, "quantity": 2}]


async def test_events_in_any_sequence_and_repeated_give_the_same_record(anybody: Api, sessions: Sessions) -> None:
    # given
    open_account(sessions, "tmall")
    ended = set()
    for number, order_of_news in enumerate(permutations(range(4))):
        name = {"channel_order_id": f"TM-{number}"}
        story = [
            says("created", **name),
            says("paid", **name, paid=True, modified_at="2026-01-01T10:00:00+08:00"),
            says("address_changed", **name, paid=True, ship_to=moved(), modified_at="2026-01-01T11:00:00+08:00"),
            says(
                "canceled", **name, paid=True, canceled=True, ship_to=moved(), modified_at="2026-01-01T12:00:00+08:00"
            ),
        ]

        # when
        for step in (*order_of_news, *order_of_news[number % 4 :], number % 4):
            assert (await push(anybody, "tmall", story[step])).json()["status"] == "taken"

        # then
        ended.add(_record(sessions, name["channel_order_id"]))
    assert len(ended) == 1


async def test_of_events_that_come_at_once_none_is_lost(anybody: Api, sessions: Sessions) -> None:
    # given
    open_account(sessions, "tmall")
    news = [
        says("created"),
        says("address_changed", ship_to=moved(), modified_at="2026-01-01T11:00:00+08:00"),
        says("canceled", canceled=True, ship_to=moved(), modified_at="2026-01-01T12:00:00+08:00"),
        says("created", placed_at="yesterday"),
    ]

    # when
    answers = await asyncio.gather(*[push(anybody, "tmall", one) for one in news * 6])

    # then
    assert {answer.status_code for answer in answers} == {202}
    with sessions() as session:
        assert session.scalars(select(OrderRow.receiver)).one()["city"] == "苏州市"
        assert sorted(session.execute(select(IntakeRow.status, IntakeRow.tries)).all()) == [
            ("rejected", 6),
            *[("taken", 6)] * 3,
        ]


def _record(sessions: Sessions, name: str) -> str:
    # How often it changed depends on the sequence of the events.
    own = ("order_id", "channel_order_id", "received_at", "relay_after", "request_hash", "version")
    with sessions() as session:
        row = session.scalars(select(OrderRow).where(OrderRow.channel_order_id == name)).one()
        lines = session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == row.order_id)).all()
        asked = session.scalars(
            select(PartnerEventRow.type).where(
                PartnerEventRow.subject == f"tmall/{name}", PartnerEventRow.type == "order.cancel_requested"
            )
        )
        shown = [getattr(row, column.name) for column in OrderRow.__table__.columns if column.name not in own]
        return repr((shown, sorted((line.sku, line.quantity) for line in lines), sorted(set(asked))))
