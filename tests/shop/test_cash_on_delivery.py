"""Cash on delivery as a shop has it: sold unpaid, collected at the door, remitted by the carrier later."""

from datetime import UTC, datetime
from typing import Any

from commands.parameters import set_parameter
from tests.baton import Baton

TERMS = {"*": {"cod": {"kind": "on_delivery", "most": {"CNY": "2000.00"}}}}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def remit(baton: Baton, carrier: str, reference: str, **amounts: str) -> dict[str, Any]:
    lines = [{"waybill": waybill, "amount": amount} for waybill, amount in amounts.items()]
    body = {"carrier": carrier, "reference": reference, "currency": "CNY", "lines": lines}
    answer = await baton.api.post("/remittances", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_courier_collects_and_the_carrier_remits(quick: Baton) -> None:
    # Given
    set_parameter(quick.sessions, "payment_terms", TERMS, LONG_AGO, None, "a contract", "sun")

    # When an order that nobody has paid is delivered
    order_id = await quick.order("DOOR", payment={"reference": "DOOR-1", "method": "cod"})
    order = await quick.until_status(order_id, "completed")

    # Then its carrier owes us its price
    [owed] = (await quick.api.get("/cash-collections?state=collected")).json()["items"]
    assert (order["payment_status"], owed["order_id"]) == ("paid", order_id)
    assert owed["amount"] == order["totals"]["grand_total"]

    # When the carrier remits it, twice, and money for a parcel that nobody knows
    lines = {owed["waybill"]: owed["amount"], "NOBODYS": "5.00"}
    first = await remit(quick, owed["carrier"], "WEEK-2", **lines)
    again = await remit(quick, owed["carrier"], "WEEK-2", **lines)

    # Then it owes nothing, and only the strange line is a difference
    assert first == again
    assert [(one["kind"], one["waybill"]) for one in first["differences"]] == [("unknown_here", "NOBODYS")]
    assert (await quick.api.get("/cash-collections?state=collected")).json()["items"] == []
    [paid] = (await quick.api.get("/cash-collections?state=remitted")).json()["items"]
    assert (paid["remitted"], paid["remittance_id"]) == (owed["amount"], first["remittance_id"])
    quick.verify()


async def test_a_remittance_that_nobody_can_read_names_its_field(quick: Baton) -> None:
    # Given
    twice = [{"waybill": "W-1", "amount": "1.00"}] * 2
    fine = [{"waybill": "W-1", "amount": "1.001"}]

    for lines in (twice, fine, []):
        # When
        body = {"carrier": "SF", "reference": "X", "currency": "CNY", "lines": lines}
        answer = await quick.api.post("/remittances", json=body)

        # Then
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "lines"
