"""B11, end to end: a customer pays while the order is being canceled, and gets the money back."""

import time

from tests.baton import Baton, eventually


async def refunds(baton: Baton, reference: str) -> list[str]:
    answer = await baton.simulators.get("/payments/refunds", params={"payment_reference": reference})
    return [one["amount"] for one in answer.json()["refunds"]]


async def test_dist_03_money_that_comes_after_a_cancel_is_paid_back_and_the_customer_notified(silent: Baton) -> None:
    # given an order that was not paid, and is canceled
    reference = f"PAY-CROSSING-{time.time_ns()}"
    order_id = await silent.order("CROSSING", payment={"reference": reference, "method": "wechat"})
    await silent.until(order_id, lambda order: [hold["code"] for hold in order["holds"]] == ["PAYMENT"])
    assert (await silent.cancel(order_id)).json()["answer"] == "done"
    await silent.until_status(order_id, "canceled")

    # when
    payment = {"reference": reference, "amount": "330.00", "currency": "CNY", "status": "captured"}
    (await silent.simulators.post("/payments/payments", json=payment)).raise_for_status()
    await silent.gateway("payment.captured", payment_reference=reference, amount="330.00", currency="CNY")

    # then
    await eventually(lambda: refunds(silent, reference), lambda amounts: amounts == ["330.00"])
    order = await silent.until(order_id, lambda order: order["payment_status"] == "refunded")
    assert "330.00 CNY was captured after the order had ended" in order["attention"]
    silent.verify()
