"""One order, several tenders: a gift card of ours, a second card, and the rest; each gets back what it paid."""

from typing import Any

from sqlalchemy import text

from tests.baton import Baton


async def issued(baton: Baton, reference: str, amount: str) -> dict[str, Any]:
    body = {"reference": reference, "kind": "gift_card", "amount": amount, "currency": "CNY"}
    answer = await baton.api.post("/store-credits", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def left_of(baton: Baton, card: dict[str, Any]) -> str:
    shown = await baton.api.get(f"/store-credits/{card['credit_id']}")
    return str(shown.json()["balance"])


def shown_of(order: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["paid"], one["paid_back"]) for one in order["tenders"]]


async def test_a_gift_card_a_second_card_and_the_rest_pay_and_are_paid_back(silent: Baton) -> None:
    # given a gift card with 100 yuan
    card = await issued(silent, "BIRTHDAY", "100.00")
    second = "PAY-SECOND-CARD:50.00:CNY"
    tenders = [
        {"kind": "gift_card", "reference": card["code"], "amount": "60.00"},
        {"kind": "gateway", "reference": second, "amount": "50.00", "method": "card"},
    ]

    # when an order of 330 yuan is paid with it, a second card and the rest
    payment = {"reference": "PAY-THE-REST:220.00:CNY", "method": "wechat"}
    order_id = await silent.order("SEVERAL", tenders=tenders, payment=payment)
    order = await silent.until_fulfillment(order_id, "released")

    # then each has paid its part, and the card has the rest
    assert (order["payment_status"], shown_of(order)) == (
        "paid",
        [("gift_card", "60.00", "0.00"), ("gateway", "50.00", "0.00")],
    )
    assert await left_of(silent, card) == "40.00"

    # when the customer cancels
    await silent.cancel(order_id)
    order = await silent.until_status(order_id, "canceled")

    # then each has its money back, once
    assert (order["payment_status"], shown_of(order)) == (
        "refunded",
        [("gift_card", "60.00", "60.00"), ("gateway", "50.00", "50.00")],
    )
    assert await left_of(silent, card) == "100.00"
    silent.verify()

    # and the code is in no log, message or history
    written = " UNION ALL ".join(f"SELECT data::text FROM {table}" for table in ("order_events", "messages"))
    with silent.sessions() as session:
        said = " ".join(session.scalars(text(written)))
    history = await silent.workflow(order_id).fetch_history()
    assert card["code"] not in said + history.to_json()
