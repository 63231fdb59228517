"""Webhooks of partners: checked by signature, stored once, and kept even before their order comes."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from api.examples import WEBHOOK
from models.database import Sessions
from models.messaging import PartnerEventRow
from tests.api.conftest import Api, Body, assert_problem, fields
from tests.conftest import partner

NOW = "2026-01-02T03:04:05Z"


class PartnerCalls:
    """Calls of partners with the right secret and clock, unless a test says otherwise."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def tell(
        self, name: str, event_type: str, data: Body, event_id: str = "msg_1", late: timedelta = timedelta()
    ) -> httpx2.Response:
        body = json.dumps({"type": event_type, "timestamp": NOW, "data": data})
        return await self.send(name, body, self.signed(body, event_id, late))

    def signed(self, body: str, event_id: str, late: timedelta = timedelta()) -> dict[str, str]:
        at = datetime.now(UTC) - late
        signature = Webhook(partner().secret.get_secret_value()).sign(event_id, at, body)
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }

    async def send(self, name: str, body: str, headers: dict[str, str]) -> httpx2.Response:
        return await self._api.post(f"/webhooks/{name}", content=body.encode(), headers=headers)


@pytest.fixture
def strangers(nobody: Api) -> PartnerCalls:
    """Partners whose webhooks are refused."""
    return PartnerCalls(nobody)


@pytest.fixture
def partners(anybody: Api) -> PartnerCalls:
    return PartnerCalls(anybody)


async def test_a_webhook_before_its_order_is_kept(partners: PartnerCalls, sessions: Sessions) -> None:
    answer = await partners.tell("tms", WEBHOOK["type"], WEBHOOK["data"])
    assert (answer.status_code, answer.json()) == (200, {"stored": True})
    with sessions() as session:
        event = session.get_one(PartnerEventRow, ("tms", "msg_1"))
    assert (event.type, event.subject) == ("shipment.tracking_updated", WEBHOOK["data"]["shipment_id"])
    assert event.data == WEBHOOK["data"] | {"code": "", "signed": None}
    assert (event.relayed_at, event.applied_at, event.tries) == (None, None, 0)


async def test_a_webhook_twice_is_stored_once(partners: PartnerCalls, sessions: Sessions) -> None:
    picking = {"fulfillment_order_id": "O-1"}
    answers = await asyncio.gather(*[partners.tell("wms", "fulfillment_order.picking", picking) for _ in range(5)])
    again = await partners.tell("wms", "fulfillment_order.picking", picking)
    assert all(answer.status_code == 200 for answer in answers)
    assert sorted(answer.json()["stored"] for answer in answers) == [False] * 4 + [True]
    assert again.json() == {"stored": False}
    with sessions() as session:
        assert len(session.scalars(select(PartnerEventRow)).all()) == 1


async def test_two_partners_may_use_the_same_event_id(partners: PartnerCalls) -> None:
    assert (await partners.tell("wms", "fulfillment_order.picking", {"fulfillment_order_id": "O-1"})).json()["stored"]
    assert (await partners.tell("tms", WEBHOOK["type"], WEBHOOK["data"])).json()["stored"]


RECEIPT = {
    "receipt_id": "R-9",
    "location_id": "HZ-1",
    "purchase_order_id": "PO-1",
    "lines": [{"sku": "LAMP", "quantity": 40, "damaged": 1}],
}
PURCHASE = {
    "purchase_order_id": "PO-1",
    "revision": 1,
    "location_id": "HZ-1",
    "lines": [{"sku": "LAMP", "quantity": 40, "due_on": "2026-12-01"}],
}
SNAPSHOT = {
    "snapshot_id": "S-1",
    "location_id": "HZ-1",
    "taken_at": "2026-11-01T22:00:00Z",
    "lines": [{"sku": "LAMP", "quantity": 40}],
}
DELTA = {
    "delta_id": "D-1",
    "location_id": "HZ-1",
    "occurred_at": "2026-11-01T22:00:00Z",
    "lines": [{"sku": "LAMP", "quantity": -2, "reason": "broken"}],
}
SUBJECTS: list[tuple[str, str, Body, str]] = [
    ("wms", "fulfillment_order.picking", {"fulfillment_order_id": "O-1"}, "O-1"),
    (
        "wms",
        "fulfillment_order.picked",
        {"fulfillment_order_id": "O-1", "lines": [{"sku": "LAMP", "quantity": 0}]},
        "O-1",
    ),
    ("wms", "fulfillment_order.packed", {"fulfillment_order_id": "O-1", "parcels": [{"weight_grams": 500}]}, "O-1"),
    ("wms", "fulfillment_order.rejected", {"fulfillment_order_id": "O-1", "reason": "flooded"}, "O-1"),
    ("wms", "fulfillment_order.returned", {"fulfillment_order_id": "O-1", "location_id": "HZ-1"}, "O-1"),
    (
        "wms",
        "return.received",
        {"return_id": "O-R-7", "location_id": "HZ-1", "lines": [{"sku": "LAMP", "quantity": 1}]},
        "O-R-7",
    ),
    (
        "wms",
        "return.inspected",
        {
            "return_id": "O-R-7",
            "lines": [
                {"sku": "LAMP", "quantity": 1, "disposition": "restock", "grade": "A", "photos": ["photo:1"]},
            ],
        },
        "O-R-7",
    ),
    (
        "tms",
        "return.tracking_updated",
        {
            "return_id": "O-R-7",
            "waybill": "SF-7",
            "status": "in_transit",
            "occurred_at": "2026-01-02T03:00:00Z",
            "note": "",
        },
        "O-R-7",
    ),
    (
        "tms",
        "shipment.interception_answered",
        {"shipment_id": "O-1", "waybill": "SF1", "accepted": False, "reason": "too late"},
        "O-1",
    ),
    ("payments", "payment.captured", {"payment_reference": "PAY-1", "amount": "25.90", "currency": "CNY"}, "PAY-1"),
    (
        "payments",
        "refund.failed",
        {
            "payment_reference": "PAY-1",
            "refund_key": "order/tmall/1:refund",
            "amount": "25.90",
            "currency": "CNY",
            "reason": "closed",
        },
        "PAY-1",
    ),
    (
        "crm",
        "return.requested",
        {
            "case_id": "7",
            "channel": "tmall",
            "channel_order_id": "TM-1",
            "reason": "too large",
            "lines": [{"line_no": 1, "quantity": 1, "replacement_sku": "OAK-STOOL"}],
            "kind": "exchange",
            "reason_code": "does_not_fit",
            "evidence": ["photo:1"],
            "amount": None,
            "refund_to": "store_credit",
        },
        "tmall/TM-1",
    ),
    (
        "erp",
        "stock.received",
        RECEIPT,
        "stock:R-9",
    ),
    ("erp", "purchase_order.placed", PURCHASE, "PO-1"),
    ("erp", "purchase_order.changed", PURCHASE, "PO-1"),
    ("erp", "purchase_order.canceled", {"purchase_order_id": "PO-1", "revision": 3}, "PO-1"),
    ("wms", "stock.snapshot", SNAPSHOT, "stock:S-1"),
    ("wms", "stock.delta", DELTA, "stock:D-1"),
]


@pytest.mark.parametrize(("partner", "event_type", "data", "subject"), SUBJECTS, ids=[case[1] for case in SUBJECTS])
async def test_each_type_is_stored_with_its_subject(
    partners: PartnerCalls, sessions: Sessions, partner: str, event_type: str, data: Body, subject: str
) -> None:
    answer = await partners.tell(partner, event_type, data | {"operator": "somebody"})
    assert answer.status_code == 200, answer.text
    with sessions() as session:
        event = session.scalars(select(PartnerEventRow)).one()
    assert (event.partner, event.type, event.subject) == (partner, event_type, subject)
    # Fields that docs/partners.md does not name are dropped: they may name a person.
    assert event.data == data


@pytest.mark.parametrize(
    ("partner", "event_type", "data", "field"),
    [
        ("wms", "shipment.tracking_updated", WEBHOOK["data"], "type"),
        ("wms", "fulfillment_order.picked", {"fulfillment_order_id": "O-1"}, "data.lines"),
        (
            "wms",
            "fulfillment_order.picked",
            {"fulfillment_order_id": "O-1", "lines": [{"sku": "LAMP", "quantity": -1}]},
            "data.lines[0].quantity",
        ),
        ("tms", "shipment.tracking_updated", {**WEBHOOK["data"], "status": "lost"}, "data.status"),
        ("erp", "purchase_order.placed", {**PURCHASE, "revision": -1}, "data.revision"),
        (
            "erp",
            "purchase_order.placed",
            {**PURCHASE, "lines": [{"sku": "LAMP", "quantity": 1, "due_on": "soon"}]},
            "data.lines[0].due_on",
        ),
        (
            "erp",
            "stock.received",
            {**RECEIPT, "lines": [{"sku": "LAMP", "quantity": 1, "damaged": 2}]},
            "data.lines[0].damaged",
        ),
        (
            "wms",
            "stock.delta",
            {**DELTA, "lines": [{"sku": "LAMP", "quantity": 0, "reason": "found"}]},
            "data.lines[0].quantity",
        ),
        ("tms", "shipment.tracking_updated", {**WEBHOOK["data"], "occurred_at": "yesterday"}, "data.occurred_at"),
        (
            "payments",
            "payment.captured",
            {"payment_reference": "PAY-1", "amount": "25.905", "currency": "CNY"},
            "data.amount",
        ),
    ],
)
async def test_an_invalid_field_is_named(
    strangers: PartnerCalls, partner: str, event_type: str, data: Body, field: str
) -> None:
    assert fields(assert_problem(await strangers.tell(partner, event_type, data), 422, "invalid")) == [field]


async def test_a_signature_is_checked_before_the_body_is_read(strangers: PartnerCalls) -> None:
    signed = strangers.signed("{", "msg_1")
    assert_problem(await strangers.send("wms", "{", signed), 422, "invalid")
    assert_problem(await strangers.send("wms", "[", signed), 401, "unauthenticated")


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_webhook_with_an_old_or_future_timestamp_is_refused(strangers: PartnerCalls, late: timedelta) -> None:
    answer = await strangers.tell("tms", WEBHOOK["type"], WEBHOOK["data"], late=late)
    assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "not a signature"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "soon"},
    ],
)
async def test_an_invalid_signature_is_refused(partners: PartnerCalls, sessions: Sessions, change: Any) -> None:
    headers = partners.signed(json.dumps(WEBHOOK), "msg_1") | change
    assert_problem(await partners.send("tms", json.dumps(WEBHOOK), headers), 401, "unauthenticated")
    with sessions() as session:
        assert session.scalars(select(PartnerEventRow)).all() == []


async def test_one_of_several_signatures_is_enough(partners: PartnerCalls) -> None:
    # This allows to change a secret without losing a webhook.
    headers = partners.signed(json.dumps(WEBHOOK), "msg_1")
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']}"
    assert (await partners.send("tms", json.dumps(WEBHOOK), headers)).status_code == 200


async def test_an_unknown_partner_is_not_found(nobody: Api) -> None:
    assert_problem(await nobody.post("/webhooks/psp", json={}), 404, "not-found")


def batched(event_id: str, event_type: str, **data: Any) -> Body:
    return {"id": event_id, "type": event_type, "timestamp": NOW, "data": data}


async def send_together(partners: PartnerCalls, *batch: Any) -> httpx2.Response:
    body = json.dumps(batch)
    return await partners.send("wms", body, partners.signed(body, "batch-1"))


async def test_webhooks_in_one_request_are_stored_in_their_order(partners: PartnerCalls, sessions: Sessions) -> None:
    # given
    await partners.tell("wms", "fulfillment_order.picking", {"fulfillment_order_id": "O-1"}, "event-9")

    # when
    answer = await send_together(
        partners,
        batched("event-9", "fulfillment_order.picking", fulfillment_order_id="O-1"),
        batched(
            "event-8", "fulfillment_order.picked", fulfillment_order_id="O-1", lines=[{"sku": "LAMP", "quantity": 1}]
        ),
        batched("event-7", "fulfillment_order.packed", fulfillment_order_id="O-1", parcels=[{"weight_grams": 900}]),
    )

    # then
    assert (answer.status_code, answer.json()) == (200, [{"stored": False}, {"stored": True}, {"stored": True}])
    with sessions() as session:
        rows = session.scalars(select(PartnerEventRow).order_by(PartnerEventRow.sequence)).all()
    assert [(row.event_id, row.subject) for row in rows] == [(f"event-{number}", "O-1") for number in (9, 8, 7)]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (batched("2", "fulfillment_order.picked", fulfillment_order_id="O-1"), "[1].data.lines"),
        (batched("2", "shipment.lost"), "[1].type"),
        ({**batched("2", "fulfillment_order.picking", fulfillment_order_id="O-1"), "id": ""}, "[1].id"),
        ([batched("2", "fulfillment_order.picking", fulfillment_order_id="O-1")], "[1]"),
    ],
)
async def test_one_wrong_webhook_keeps_its_whole_request_from_being_stored(
    partners: PartnerCalls, sessions: Sessions, bad: Any, field: str
) -> None:
    # when
    answer = await send_together(partners, batched("1", "fulfillment_order.picking", fulfillment_order_id="O-1"), bad)

    # then
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    with sessions() as session:
        assert session.scalars(select(PartnerEventRow)).all() == []


@pytest.mark.parametrize("many", [0, 101])
async def test_a_request_holds_one_to_a_hundred_webhooks(partners: PartnerCalls, many: int) -> None:
    picking = [batched(str(n), "fulfillment_order.picking", fulfillment_order_id="O-1") for n in range(many)]
    assert_problem(await send_together(partners, *picking), 422, "invalid")
