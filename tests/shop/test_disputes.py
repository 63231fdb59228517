"""A dispute holds what has not left, and its money is gone until it is decided: nothing is paid back twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

from commands.keys import create_key
from tests.baton import Baton, eventually
from tests.workflows.test_cancel import shipped


async def disputed(baton: Baton, order_id: str, name: str, state: str = "opened", amount: str = "330.00") -> None:
    """The bank of the customer does something; the gateway tells of it."""
    [[reference]] = baton.rows("SELECT payment_reference FROM orders WHERE order_id = :id", id=order_id)
    body = {"dispute_id": name, "payment_reference": reference, "amount": amount, "currency": "CNY", "state": state}
    body |= {"reason_code": "product_not_received", "stage": "chargeback"}
    body |= {"respond_by": (datetime.now(UTC) + timedelta(days=7)).isoformat()}
    assert (await baton.simulators.post("/payments/disputes", json=body)).status_code == 201


async def dispute_of(baton: Baton, order_id: str, outcome: str = "") -> dict[str, Any]:
    async def look() -> list[dict[str, Any]]:
        answer = await baton.api.get("/disputes", params={"order_id": order_id, "open_only": False})
        return list(answer.json()["items"])

    found = await eventually(look, lambda seen: [one["outcome"] for one in seen] == [outcome])
    return found[0]


async def test_the_goods_stay_until_it_is_won_and_money_is_never_paid_back_twice(silent: Baton) -> None:
    # given an order that its warehouse picks
    order_id = await silent.order("DISPUTE-WON")
    work = (await silent.until_fulfillment(order_id, "released"))["fulfillment_orders"][0]["fulfillment_order_id"]

    # when the customer disputes the payment, and the parcel is packed
    await disputed(silent, order_id, "DP-WON")
    dispute = await dispute_of(silent, order_id)
    await silent.pick_and_pack(work, ELEGANT_LAMP=2, TEA_SET=1)

    # then it stays, and finance owns the hold
    order = await silent.until(order_id, lambda order: bool(order["holds"]))
    assert [(hold["code"], hold["owner_role"]) for hold in order["holds"]] == [("DISPUTED", "finance")]
    assert (order["shipments"], dispute["taken"], dispute["reason_code"]) == ([], "330.00", "product_not_received")
    listed = (await silent.api.get("/orders", params={"disputed": True})).json()["items"]
    assert order_id in [one["order_id"] for one in listed]
    silent.verify()

    # and when it is won, the parcel is booked
    await disputed(silent, order_id, "DP-WON", "won")
    await silent.until(order_id, lambda order: bool(order["shipments"]) and not order["holds"])
    silent.verify()

    # and an order that is canceled while its payment is disputed in part gives back the rest, and what was lost is gone
    other = await silent.order("DISPUTE-LOST")
    await silent.until_fulfillment(other, "released")
    await disputed(silent, other, "DP-LOST", amount="130.00")
    await dispute_of(silent, other)
    assert (await silent.cancel(other)).status_code == 200
    await silent.until_status(other, "canceled")
    await disputed(silent, other, "DP-LOST", "lost", amount="130.00")
    await dispute_of(silent, other, "lost")
    paid = [(one["kind"], one["amount"]) for one in (await silent.show(other))["payments"]]
    assert paid == [("captured", "330.00"), ("refunded", "200.00"), ("refunded", "130.00")]
    silent.verify()


async def test_the_proof_of_delivery_is_sent_to_the_gateway_once(silent: Baton) -> None:
    # given a delivered order whose payment is disputed
    order_id = await shipped(silent, "DISPUTE-PROOF")
    await silent.track(await silent.show(order_id), "delivered", signed=True)
    await silent.until_status(order_id, "completed")
    await disputed(silent, order_id, "DP-PROOF")
    dispute = await dispute_of(silent, order_id)

    # when finance looks at the proof, and sends it twice
    path = f"/disputes/{dispute['dispute_id']}/evidence"
    evidence = (await silent.api.get(path)).json()
    answers = [await silent.api.post(path) for _ in range(2)]

    # then it names nobody, and the gateway has it
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    [parcel] = evidence["parcels"]
    assert (parcel["signed"], parcel["delivered_at"] is not None, evidence["receiver"]["name"]) == (True, True, "L")
    assert "Lake Road" not in str(evidence)

    async def sent() -> Any:
        return (await silent.simulators.get("/payments/disputes/DP-PROOF/evidence")).json()["evidence"]

    assert (await eventually(sent, bool))["parcels"][0]["waybill"] == parcel["waybill"]
    seen = await eventually(lambda: dispute_of(silent, order_id), lambda one: one["evidence_at"] is not None)
    assert seen["evidence_by"] == "Sun of support"

    # and a channel tells of its own orders' disputes only
    key = create_key(silent.sessions, "dispute connector", "channel", "elsewhere")
    told = {"dispute_id": "DP-9", "amount": "1.00", "currency": "CNY"}
    headers = {"Authorization": f"Bearer {key}"}
    assert (await silent.api.post(f"/orders/{order_id}/disputes", json=told, headers=headers)).status_code == 404
    answer = await silent.api.post(f"/orders/{order_id}/disputes", json=told)
    assert (answer.status_code, answer.json()["dispute_id"]) == (200, "shop:DP-9")
    silent.verify()
