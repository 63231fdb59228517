"""Invoices by the API: who may write one off, and what is refused."""

from datetime import UTC, datetime

from commands.keys import create_key
from models.credit import InvoiceRow
from models.database import Sessions
from tests.api.conftest import Api, Connect, assert_problem
from tests.factories import place_order


async def test_only_an_admin_writes_an_invoice_off_and_only_once(
    staff: Api, connect: Connect, sessions: Sessions
) -> None:
    # given
    order_id = place_order(sessions)
    with sessions.begin() as session:
        fields = {
            "order_id": order_id,
            "customer_id": "HOTEL-7",
            "currency": "CNY",
            "units": {},
            "amount_minor": 358_00,
        }
        session.add(InvoiceRow(invoice_id=f"{order_id}-1", due_at=datetime(2026, 1, 5, tzinfo=UTC), **fields))
    admin, url = connect(create_key(sessions, "Ada", "admin")), f"/invoices/{order_id}-1/write-off"

    # when
    forbidden = await staff.post(url, json={"why": "uncollectible"})
    unclear = await admin.post(url, json={"why": "because Li Lei has moved"})
    unknown = await admin.post("/invoices/NONE/write-off", json={"why": "uncollectible"})
    done = [(await admin.post(url, json={"why": "uncollectible"})).json() for _ in range(2)]

    # then
    assert_problem(forbidden, 403, "forbidden")
    assert unclear.json()["errors"][0]["field"] == "why"
    assert_problem(unknown, 404, "not-found")
    assert done[0] == done[1]
    assert (done[0]["state"], done[0]["settled"]) == ("closed", "358.00")
