"""Orders are taken in exactly once, whole or not at all, and invalid fields are named."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from api.orders.schemas import OrderBody
from domain.tenders import credit_id
from models.database import Sessions
from models.order import OrderEventRow, OrderLineRow, OrderRow
from models.payment import TenderRow
from record.orders.rows import request_hash
from tests.api.conftest import Api, Body, assert_problem, fields, lines, order_body


async def test_a_new_order_is_committed_before_it_is_answered(tmall: Api, sessions: Sessions) -> None:
    # when a channel places an order
    answer = await tmall.post("/orders", json=order_body())

    # then the answer says where to find it
    assert answer.status_code == 202
    shown = answer.json()
    assert shown["status"] == "received"
    assert shown["workflow_id"] == "order/tmall/TM-20260101-0001"
    assert shown["links"]["self"] == f"/orders/{shown['order_id']}"
    assert shown["links"]["workflow"].endswith("/namespaces/default/workflows/order%2Ftmall%2FTM-20260101-0001")

    # and its rows are there, for the relay to start
    with sessions() as session:
        order = session.get_one(OrderRow, shown["order_id"])
        assert (order.grand_total_minor, order.units, order.workflow_started_at) == (37000, 3, None)
        assert order.receiver["name"] == "李雷"
        found = session.scalars(select(OrderLineRow).order_by(OrderLineRow.line_no)).all()
        assert [(line.sku, line.unit_price_minor, line.discount_minor) for line in found] == [
            ("ELEGANT-LAMP", 19900, 2000),
            ("OAK-STOOL", 8950, 0),
        ]
        event = session.scalars(select(OrderEventRow)).one()
        assert (event.type, event.key, event.actor) == ("order.received", "received", "tmall-connector")


async def test_the_same_order_twice_is_one_order(tmall: Api, sessions: Sessions) -> None:
    # given an order
    first = await tmall.post("/orders", json=order_body())

    # when it comes again in another form: keys in another order, other zeros, another zone
    again = order_body(placed_at="2026-01-01T01:30:00Z", totals={"grand_total": "370", "shipping": "12.0", "tax": "0"})
    second = await tmall.post("/orders", json=dict(reversed(again.items())))

    # then the first answer comes again
    assert second.status_code == 200
    assert second.json() == first.json()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 1
        assert session.scalar(select(func.count()).select_from(OrderLineRow)) == 2


async def test_parcels_that_the_channel_shipped_are_recorded_with_the_order(tmall: Api, sessions: Sessions) -> None:
    # given an order of which one stool was shipped
    parcel = {"carrier": "YTO", "waybill": "YT-1", "shipped_at": "2026-01-01T03:00:00Z"}
    body = order_body(shipped_elsewhere=[parcel | {"lines": [{"line_no": 2, "quantity": 1}]}])

    # when it comes twice, and then with another parcel
    first, again = [await tmall.post("/orders", json=body) for _ in range(2)]
    other = await tmall.post("/orders", json=order_body(shipped_elsewhere=[parcel]))

    # then it is one order, whose second line has a unit elsewhere
    assert [answer.status_code for answer in (first, again, other)] == [202, 200, 409]
    shown = (await tmall.get(f"/orders/{first.json()['order_id']}")).json()
    assert [line["elsewhere"] for line in shown["lines"]] == [0, 1]
    assert [(one["waybill"], one["lines"]) for one in shown["parcels_elsewhere"]] == [
        ("YT-1", [{"line_no": 2, "quantity": 1}])
    ]


@pytest.mark.parametrize(
    ("parcel", "field"),
    [
        ({"lines": [{"line_no": 3, "quantity": 1}]}, "shipped_elsewhere"),
        ({"lines": [{"line_no": 1, "quantity": 0}]}, "shipped_elsewhere[0].lines[0].quantity"),
        ({"waybill": "x" * 101}, "shipped_elsewhere[0].waybill"),
        ({"shipped_at": "soon"}, "shipped_elsewhere[0].shipped_at"),
    ],
)
async def test_a_wrong_parcel_is_named(tmall: Api, parcel: Body, field: str) -> None:
    whole = {"shipped_at": "2026-01-01T03:00:00Z"} | parcel

    answer = await tmall.post("/orders", json=order_body(shipped_elsewhere=[whole]))

    assert answer.status_code == 422
    assert fields(answer.json()) == [field]


TENDERS = [
    {"kind": "gateway", "reference": "PAY-2", "amount": "70.00", "method": "card"},
    {"kind": "gift_card", "reference": "GC-SECRET7", "amount": "100"},
    {"kind": "platform", "reference": "POINTS-1", "amount": "50.00", "due_at": "2026-02-01T00:00:00Z"},
]


async def test_tenders_are_kept_without_the_codes_of_balances(tmall: Api, sessions: Sessions) -> None:
    # when an order with three tenders comes twice
    first, again = [await tmall.post("/orders", json=order_body(tenders=TENDERS)) for _ in range(2)]

    # then
    assert (first.status_code, again.status_code) == (202, 200)
    with sessions() as session:
        order = session.get_one(OrderRow, first.json()["order_id"])
        rows = session.scalars(select(TenderRow).order_by(TenderRow.tender_no)).all()
        assert order.tendered_minor == 22000
        assert [(row.kind, row.amount_minor, row.collected) for row in rows] == [
            ("gateway", 7000, False),
            ("gift_card", 10000, False),
            ("platform", 5000, False),
        ]
        assert rows[1].reference == credit_id("GC-SECRET7")

    # and other tenders are another body
    other = await tmall.post("/orders", json=order_body(tenders=TENDERS[:2]))
    assert_problem(other, 409, "other-body")


@pytest.mark.parametrize(
    ("tenders", "field"),
    [
        ([{**TENDERS[0], "amount": "370.01"}], "tenders[0].amount"),
        ([{**TENDERS[0], "amount": "0.001"}], "tenders[0].amount"),
        ([TENDERS[0], TENDERS[0]], "tenders[1].reference"),
        ([{**TENDERS[0], "kind": "barter"}], "tenders[0].kind"),
        ([{**TENDERS[1], "due_at": "2026-02-01T00:00:00Z"}], "tenders[0].due_at"),
        ([TENDERS[0]] * 21, "tenders"),
    ],
)
async def test_a_wrong_tender_is_named(tmall: Api, tenders: list[Body], field: str) -> None:
    answer = await tmall.post("/orders", json=order_body(tenders=tenders))
    assert fields(assert_problem(answer, 422, "invalid")) == [field]


async def test_an_order_may_say_that_its_payment_covers_others_too(tmall: Api, sessions: Sessions) -> None:
    # when
    payment = order_body()["payment"] | {"shared": True}
    answer = await tmall.post("/orders", json=order_body(payment=payment))

    # then
    with sessions() as session:
        assert session.get_one(OrderRow, answer.json()["order_id"]).shared_payment


async def test_only_tenders_that_pay_everything_make_up_for_a_payment(tmall: Api) -> None:
    # when
    whole, part = [
        await tmall.post("/orders", json=order_body(payment={}, tenders=[{**TENDERS[0], "amount": amount}]))
        for amount in ("370.00", "369.00")
    ]

    # then
    assert whole.status_code == 202
    assert fields(assert_problem(part, 422, "invalid")) == ["payment.reference"]


async def test_the_same_id_with_another_body_is_refused(tmall: Api) -> None:
    first = await tmall.post("/orders", json=order_body())
    other = await tmall.post("/orders", json=order_body(remarks="leave at the door"))
    problem = assert_problem(other, 409, "other-body")
    assert problem["order_id"] == first.json()["order_id"]


async def test_equal_orders_sent_at_the_same_time_are_one_order(tmall: Api, sessions: Sessions) -> None:
    # when ten equal orders, one that differs and another order come at once
    bodies = [order_body()] * 10 + [order_body(remarks="other"), order_body(channel_order_id="TM-2")]
    answers = await asyncio.gather(*[tmall.post("/orders", json=body) for body in bodies])

    # then one of each is new, the equal ones know it, and the other is refused
    assert sorted(answer.status_code for answer in answers[:10]) == [200] * 9 + [202]
    assert len({answer.json()["order_id"] for answer in answers[:10]}) == 1
    assert answers[10].status_code == 409
    assert answers[11].status_code == 202
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderRow)) == 2
        assert session.scalar(select(func.count()).select_from(OrderEventRow)) == 2


async def test_the_largest_known_order_is_taken(tmall: Api, sessions: Sessions) -> None:
    answer = await tmall.post("/orders", json=order_body(lines=lines(1_114)))
    assert answer.status_code == 202
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(OrderLineRow)) == 1_114


async def test_an_order_with_too_many_lines_is_refused_by_name(tmall: Api) -> None:
    assert (await tmall.post("/orders", json=order_body(lines=lines(2_000)))).status_code == 202
    problem = assert_problem(await tmall.post("/orders", json=order_body(lines=lines(2_001))), 422, "invalid")
    assert fields(problem) == ["lines"]


async def test_a_body_that_is_too_large_is_refused_unread(manager: Api) -> None:
    body = json.dumps(order_body(remarks="x" * 2_000_000)).encode()
    assert_problem(await manager.post("/orders", content=body), 413, "too-large")

    async def in_parts() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    assert_problem(await manager.post("/orders", content=in_parts()), 413, "too-large")


def changed(path: str, value: Any) -> Body:
    body = order_body()
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = body
    for part in parents:
        place = place[part]
    place[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("channel", "Tmall Global", "channel"),
        ("channel_order_id", "TM/1", "channel_order_id"),
        ("channel_order_id", "me@example.com", "channel_order_id"),
        ("channel_order_id", "T" * 101, "channel_order_id"),
        ("placed_at", "2026-01-01T09:30:00", "placed_at"),
        ("placed_at", 1767231000, "placed_at"),
        ("currency", "YUAN", "currency"),
        ("customer.customer_id", "li.lei@example.com", "customer.customer_id"),
        ("customer.customer_id", "13812345678", "customer.customer_id"),
        ("ship_to.country", "China", "ship_to.country"),
        ("ship_to.phone", "12345", "ship_to.phone"),
        ("ship_to.name", "Li\u0000Lei", "ship_to.name"),
        ("ship_to.street", "Wensan Road 90", "ship_to.street"),
        ("lines", [], "lines"),
        ("lines.0.quantity", 0, "lines[0].quantity"),
        ("lines.0.quantity", "1", "lines[0].quantity"),
        ("lines.1.sku", "OAK STOOL", "lines[1].sku"),
        ("lines.1.unit_price", 89.5, "lines[1].unit_price"),
        ("lines.1.unit_price", "-89.50", "lines[1].unit_price"),
        ("lines.1.unit_price", "89.505", "lines[1].unit_price"),
        ("totals.shipping", "0.001", "totals.shipping"),
        ("payment.reference", "", "payment.reference"),
        ("remarks", "x" * 2_001, "remarks"),
        ("discount_code", "SPRING", "discount_code"),
    ],
)
async def test_an_invalid_field_is_named(manager: Api, path: str, value: Any, field: str) -> None:
    problem = assert_problem(await manager.post("/orders", json=changed(path, value)), 422, "invalid")
    assert fields(problem) == [field]
    assert field in problem["detail"]


async def test_each_invalid_field_is_named(manager: Api) -> None:
    body = order_body(currency="JPY")
    del body["payment"]
    assert fields(assert_problem(await manager.post("/orders", json=body), 422, "invalid")) == ["payment"]
    problem = assert_problem(await manager.post("/orders", json=order_body(currency="JPY")), 422, "invalid")
    assert fields(problem) == ["lines[1].unit_price"]


async def test_a_body_that_is_not_json_is_refused(manager: Api) -> None:
    for content in (b"", b"{", b"[]", b"\xff\xfe"):
        assert fields(assert_problem(await manager.post("/orders", content=content), 422, "invalid")) == ["body"]


async def test_parts_that_the_channel_hides_may_be_left_out(tmall: Api) -> None:
    # An incomplete address and a sum that is off are for the audit to find, so that a person can repair them.
    masked = {"country": "CN", "name": "李**", "phone": "138****5678"}
    body = order_body(ship_to=masked, totals={"grand_total": "1.00"})
    assert (await tmall.post("/orders", json=body)).status_code == 202


async def test_a_channels_key_places_orders_only_of_its_channel(shop: Api) -> None:
    assert_problem(await shop.post("/orders", json=order_body()), 403, "forbidden")


def test_a_new_field_does_not_change_the_hash_of_older_orders() -> None:
    # This hash is in users' databases: if it changes, a repeated order is taken for another one.
    order = OrderBody.model_validate_json(json.dumps(order_body())).to_order()
    assert request_hash(order) == "70ab5ab6542007e3ea1aaac13f11e76733d279bdc059df462c5b4af294a03ba7"


async def test_the_customers_language_is_kept(tmall: Api, sessions: Sessions) -> None:
    # when
    answer = await tmall.post("/orders", json=order_body(customer={"customer_id": "C-1", "language": "en-GB"}))

    # then
    with sessions() as session:
        assert session.get_one(OrderRow, answer.json()["order_id"]).language == "en-GB"


async def test_an_invalid_language_is_refused_by_its_field(tmall: Api) -> None:
    answer = await tmall.post("/orders", json=order_body(customer={"customer_id": "C-1", "language": "English"}))

    assert fields(assert_problem(answer, 422, "invalid")) == ["customer.language"]
