"""A hotel buys on credit: its order ships unpaid, is invoiced once it has left, and finance books what comes."""

import asyncio
from datetime import UTC, datetime

from commands.parameters import set_parameter
from record.orders.invoicing import InvoiceSweep
from tests.baton import Baton

TERMS = {"*": {"invoice": {"kind": "on_credit"}}}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ACCOUNT = {"currency": "CNY", "limit": "5000.00", "days": 14}


async def test_an_order_on_credit_is_invoiced_and_paid(quick: Baton) -> None:
    # Given
    set_parameter(quick.sessions, "payment_terms", TERMS, LONG_AGO, None, "a contract", "sun")
    answer = await quick.api.put("/credit-accounts/HOTEL-7", json=ACCOUNT)
    assert answer.status_code == 200, answer.text

    # When
    bought = {"customer": {"customer_id": "HOTEL-7"}, "payment": {"reference": "HOTEL-7-1", "method": "invoice"}}
    order_id = await quick.order("HOTEL", **bought)
    order = await quick.until_status(order_id, "completed")
    await asyncio.to_thread(InvoiceSweep(quick.sessions).run, datetime.now(UTC))

    # Then
    [invoice] = (await quick.api.get("/invoices?state=due&customer_id=HOTEL-7")).json()["items"]
    assert order["payment_status"] == "pending"
    assert (invoice["order_id"], invoice["amount"]) == (order_id, order["totals"]["grand_total"])
    assert (await quick.api.get("/credit-accounts/HOTEL-7")).json()["owed"] == invoice["amount"]

    # When more is paid than is owed, then what is owed, twice
    payment = {"payment_id": "BANK-1", "amount": "99999.00", "currency": "CNY"}
    url = f"/invoices/{invoice['invoice_id']}/payments"
    refused = await quick.api.post(url, json=payment)
    paid = [await quick.api.post(url, json=payment | {"amount": invoice["amount"]}) for _ in range(2)]

    # Then
    assert refused.json()["errors"][0]["field"] == "amount"
    assert [one.json()["state"] for one in paid] == ["closed", "closed"]
    assert (await quick.show(order_id))["payment_status"] == "paid"
    quick.verify()
