"""Deposit and balance: held until the balance is in, and what becomes of a deposit whose balance never comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from commands.parameters import set_parameter
from tests.baton import Baton

TERMS = {"*": {"deposit": "forfeited", "stock": "kept", "grace_hours": 1}}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def presold(baton: Baton, name: str, days: float) -> str:
    """An order of 330 yuan, of which 30 are paid as its deposit."""
    due = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    balance = {"kind": "gateway", "reference": f"{name}-BALANCE", "amount": "300.00", "due_at": due}
    return await baton.order(name, payment={"reference": f"PAY-{name}:30.00:CNY"}, tenders=[balance])


def moved(order: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["amount"]) for one in order["payments"]]


async def test_an_order_goes_on_when_its_balance_is_in(silent: Baton) -> None:
    # given a deposit that is paid
    set_parameter(silent.sessions, "presale", TERMS, LONG_AGO, None, "the rules of 11.11", "sun")
    order_id = await presold(silent, "EARLY-BIRD", 10)
    order = await silent.until_status(order_id, "under_review")

    # then it waits for its balance: longer than any unpaid order, with its stock, and nothing is promised
    assert [hold["code"] for hold in order["holds"]] == ["BALANCE_DUE"]
    assert (order["payment_status"], order["promised"]["ship_by"]) == ("partially_paid", None)
    await silent.fast_forward(silent.workflow(order_id), timedelta(days=3))
    assert (await silent.show(order_id))["status"] == "under_review"

    # when the customer pays the balance
    paid = {"reference": "EARLY-BIRD-BALANCE", "amount": "300.00", "currency": "CNY", "status": "captured"}
    (await silent.simulators.post("/payments/payments", json=paid)).raise_for_status()

    # then the order goes to its warehouse
    order = await silent.until_fulfillment(order_id, "released")
    assert (order["payment_status"], order["holds"]) == ("paid", [])
    assert [(one["paid"], one["paid_back"]) for one in order["tenders"]] == [("300.00", "0.00")]
    silent.verify()


async def test_a_deposit_is_forfeited_when_the_balance_never_comes(silent: Baton) -> None:
    # given
    set_parameter(silent.sessions, "presale", TERMS, LONG_AGO, None, "the rules of 11.11", "sun")
    order_id = await presold(silent, "FORGETFUL", 10)
    await silent.until_status(order_id, "under_review")

    # when its day and the hours of grace are over
    await silent.fast_forward(silent.workflow(order_id), timedelta(days=10, hours=2))
    order = await silent.until_status(order_id, "canceled")

    # then the shop keeps the deposit, and the log says so
    assert moved(order) == [("captured", "30.00"), ("forfeited", "30.00")]
    assert "deposit.forfeited" in [event["type"] for event in await silent.events(order_id)]
    silent.verify()
