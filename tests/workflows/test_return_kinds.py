"""Each kind of case follows its own story, and the books are right after each."""

from datetime import timedelta
from typing import Any

import pytest

from tests.baton import Baton, eventually
from tests.workflows.test_cancel import shipped
from tests.workflows.test_returns import stock_of, until_case

WARRANTY = {"kind": "warranty", "reason_code": "faulty"}
TEA_SET = [{"line_no": 2, "quantity": 1}]
SCARF_INSTEAD = [{"line_no": 2, "quantity": 1, "replacement_sku": "WOOL-SCARF"}]


async def ask_for(baton: Baton, order_id: str, case_id: str, **body: Any) -> str:
    """Ask for a case through the API, by default for the tea set. Return its id."""
    asked = {"case_id": case_id, "reason": "see the photos", "lines": TEA_SET} | body
    answer = await baton.api.post(f"/orders/{order_id}/returns", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["return_id"])


async def say(baton: Baton, return_id: str, what: str, **body: Any) -> dict[str, Any]:
    answer = await baton.api.post(f"/returns/{return_id}/{what}", json=body)
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


async def delivered(baton: Baton, name: str) -> str:
    order_id = await shipped(baton, name)
    await baton.track(await baton.show(order_id), "delivered")
    await baton.until_status(order_id, "completed")
    return order_id


async def completed(baton: Baton, name: str) -> str:
    order_id = await baton.order(name)
    await baton.until_status(order_id, "completed")
    return order_id


async def follow_up_of(baton: Baton, case: dict[str, Any]) -> dict[str, Any]:
    """Return the follow-up order once it is delivered."""
    return await baton.until_status(case["follow_up_id"], "completed")


async def test_an_exchange_sends_other_goods_with_the_money_of_the_first_and_can_be_returned(quick: Baton) -> None:
    order_id = await completed(quick, "EXCHANGE")

    await ask_for(quick, order_id, "E-1", kind="exchange", lines=SCARF_INSTEAD)

    # Then the tea set is back, a scarf is with the customer, and the gateway paid nothing back
    case = await until_case(quick, order_id, "E-1", "closed")
    other = await follow_up_of(quick, case)
    assert (case["moved"], case["refund"], other["payment_status"]) == ("80.00", None, "paid")
    assert [(line["sku"], line["quantity"]) for line in other["lines"]] == [("WOOL-SCARF", 1)]
    assert (await quick.show(order_id))["payment_status"] == "paid"
    quick.verify()

    # And when the scarf is returned as well, its money goes back to the payment of the first order
    await ask_for(quick, other["order_id"], "E-2", lines=[{"line_no": 1, "quantity": 1}])
    case = await until_case(quick, other["order_id"], "E-2", "closed")
    assert case["refund"] == "80.00"
    assert (await quick.show(other["order_id"]))["payment_status"] == "refunded"
    quick.verify()


async def test_an_exchange_for_goods_out_of_stock_pays_back_instead(quick: Baton) -> None:
    order_id = await completed(quick, "NOTHINGLEFT")
    piano = [{"line_no": 2, "quantity": 1, "replacement_sku": "LAST-PIANO"}]

    await ask_for(quick, order_id, "P-1", kind="exchange", lines=piano)

    case = await until_case(quick, order_id, "P-1", "closed")
    assert (case["refund"], case["moved"], case["follow_up_id"]) == ("80.00", None, None)
    quick.verify()


async def test_a_reship_sends_the_same_again_once_a_person_agrees(quick: Baton) -> None:
    order_id = await completed(quick, "RESHIP")
    return_id = await ask_for(quick, order_id, "S-1", kind="reship", reason_code="missing")
    await until_case(quick, order_id, "S-1", "requested")
    await quick.until_event(order_id, "return.requested")

    assert (await say(quick, return_id, "approve", note="the scales say so"))["status"] == "approved"

    case = await until_case(quick, order_id, "S-1", "closed")
    assert (case["decided_by"], case["moved"]) == ("Sun of support", "80.00")
    assert (await follow_up_of(quick, case))["lines"][0]["sku"] == "TEA-SET"
    quick.verify()


async def test_goodwill_and_goods_together_never_give_back_more_than_was_paid(quick: Baton) -> None:
    order_id = await completed(quick, "GOODWILL")

    await ask_for(quick, order_id, "G-1", kind="claim", lines=[], amount="12.50")
    case = await until_case(quick, order_id, "G-1", "closed")
    await ask_for(quick, order_id, "G-2", kind="claim", lines=[], amount="317.51")
    greedy = await until_case(quick, order_id, "G-2", "rejected")
    everything = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}]
    await ask_for(quick, order_id, "G-3", lines=everything)
    rest = await until_case(quick, order_id, "G-3", "closed")

    assert (case["refund"], rest["refund"]) == ("12.50", "317.50")
    assert greedy["refusal"] == "317.50 CNY of the payment is left, 317.51 was asked"
    assert (await quick.show(order_id))["payment_status"] == "refunded"
    quick.verify()


async def test_a_store_takes_back_goods_that_a_warehouse_sent(silent: Baton) -> None:
    order_id = await delivered(silent, "INSTORE")
    return_id = await ask_for(silent, order_id, "ST-1", kind="store_return")
    await until_case(silent, order_id, "ST-1", "approved")
    before = stock_of(silent, "TEA-SET", "GUANGZHOU")

    lines = [{"sku": "TEA-SET", "quantity": 1}]
    await say(silent, return_id, "receive", location_id="GUANGZHOU", lines=lines)
    await say(silent, return_id, "inspect", lines=[{**lines[0], "disposition": "restock", "grade": "A"}])

    case = await until_case(silent, order_id, "ST-1", "closed")
    assert (case["refund"], case["location_id"], case["waybill"]) == ("80.00", "GUANGZHOU", None)
    assert stock_of(silent, "TEA-SET", "GUANGZHOU").on_hand - before.on_hand == 1
    silent.verify()


async def test_a_warranty_is_decided_by_a_person_who_may_say_no(silent: Baton) -> None:
    order_id = await delivered(silent, "WARRANTY")
    return_id = await ask_for(silent, order_id, "W-1", **WARRANTY)
    await silent.until_event(order_id, "return.requested")

    assert (await say(silent, return_id, "reject", reason="it fell down"))["status"] == "rejected"

    case = await until_case(silent, order_id, "W-1", "rejected")
    assert (case["refusal"], case["refund"]) == ("it fell down", None)
    assert (await silent.api.post(f"/returns/{return_id}/approve", json={})).status_code == 409


@pytest.mark.parametrize("remedy", ["exchange", "reship"])
async def test_a_warranty_case_sends_the_same_again_when_a_person_decides_so(quick: Baton, remedy: str) -> None:
    order_id = await completed(quick, f"WARRANTY-{remedy}")
    return_id = await ask_for(quick, order_id, "W-2", **WARRANTY)
    await until_case(quick, order_id, "W-2", "requested")
    await quick.until_event(order_id, "return.requested")

    assert (await say(quick, return_id, "approve", remedy=remedy))["status"] == "approved"

    case = await until_case(quick, order_id, "W-2", "closed")
    other = await follow_up_of(quick, case)
    assert (case["remedy"], case["moved"], case["refund"]) == (remedy, "80.00", None)
    assert [(line["sku"], line["quantity"]) for line in other["lines"]] == [("TEA-SET", 1)]
    assert sum(goods["quantity"] for goods in case["returned"]) == (1 if remedy == "exchange" else 0)
    quick.verify()


async def test_store_credit_is_given_instead_of_money(quick: Baton) -> None:
    order_id = await completed(quick, "CREDIT")

    await ask_for(quick, order_id, "C-1", refund_to="store_credit")

    # Then the gateway paid nothing back, and the customer has a credit that the CRM knows by its code
    case = await until_case(quick, order_id, "C-1", "closed")
    number = quick.placed[order_id]
    listed = (await quick.api.get(f"/customers/C-{number}/store-credits")).json()["items"]
    assert (case["refund"], case["refund_to"]) == ("80.00", "store_credit")
    assert [(credit["amount"], credit["return_id"]) for credit in listed] == [("80.00", case["return_id"])]
    after = await quick.show(order_id)
    assert (after["payment_status"], after["payments"][-1]["kind"]) == ("partially_refunded", "credited")
    refunds = await quick.simulators.get("/payments/refunds", params={"payment_reference": f"PAY-{number}:330.00:CNY"})
    assert refunds.json()["refunds"] == []
    messages = {name: await heard(quick, name, order_id) for name in ("inbox", "crm", "erp", "channel")}
    assert [data["amount"] for data in messages.values()] == ["80.00"] * 4
    assert messages["crm"]["store_credit"] == messages["inbox"]["store_credit"] == listed[0]["code"]
    assert not any("store_credit" in messages[name] for name in ("erp", "channel"))
    assert messages["erp"]["credit_note"].startswith("CN-")
    quick.verify()


async def test_staff_may_give_money_where_store_credit_was_asked_for(quick: Baton) -> None:
    order_id = await completed(quick, "MONEY")
    return_id = await ask_for(quick, order_id, "M-1", refund_to="store_credit", **WARRANTY)
    await quick.until_event(order_id, "return.requested")

    await say(quick, return_id, "approve", refund_to="original")

    case = await until_case(quick, order_id, "M-1", "closed")
    assert (case["refund"], case["refund_to"], case["remedy"]) == ("80.00", "original", "")
    assert (await quick.show(order_id))["payments"][-1]["kind"] == "refunded"
    quick.verify()


async def heard(baton: Baton, partner: str, order_id: str) -> dict[str, Any]:
    """Return the messages to a partner about the store credit."""

    async def messages() -> list[dict[str, Any]]:
        answer = await baton.simulators.get(f"/{partner}/messages", params={"order_id": order_id})
        return [one["data"] for one in answer.json()["messages"] if one["milestone"] == "credited"]

    (data,) = await eventually(messages, bool)
    return data


async def test_a_canceled_exchange_gives_back_what_was_reserved_and_voids_its_label(silent: Baton) -> None:
    # Given an exchange whose label is issued
    order_id = await delivered(silent, "UNDONE")
    before = stock_of(silent, "WOOL-SCARF", "GUANGZHOU")
    return_id = await ask_for(silent, order_id, "U-1", kind="exchange", lines=SCARF_INSTEAD)
    case = await until_case(silent, order_id, "U-1", "label_issued")
    assert stock_of(silent, "WOOL-SCARF", "GUANGZHOU").available == before.available - 1

    # When it is canceled
    await say(silent, return_id, "cancel", reason="she keeps it")

    # Then nothing is left of it, and the units may be asked for again
    await until_case(silent, order_id, "U-1", "canceled")
    assert stock_of(silent, "WOOL-SCARF", "GUANGZHOU") == before
    assert (await silent.show(case["follow_up_id"]))["status"] == "canceled"
    await ask_for(silent, order_id, "U-2")
    await until_case(silent, order_id, "U-2", "label_issued")
    assert (await silent.api.post(f"/returns/{return_id}/cancel", json={"reason": "again"})).status_code == 409
    silent.verify()


async def test_goods_on_the_road_are_too_late_to_cancel_unless_they_are_lost(silent: Baton) -> None:
    order_id = await delivered(silent, "ONTHEROAD")
    return_id = await ask_for(silent, order_id, "R-1")
    case = await until_case(silent, order_id, "R-1", "label_issued")
    await silent.tms(
        "return.tracking_updated",
        return_id=return_id,
        waybill=case["waybill"],
        status="in_transit",
        occurred_at="2026-11-23T08:00:00+08:00",
    )
    await until_case(silent, order_id, "R-1", "in_transit")

    answer = await silent.api.post(f"/returns/{return_id}/cancel", json={"reason": "too late"})

    assert (answer.status_code, "too late" in answer.json()["detail"]) == (409, True)

    # And a parcel that does not come is given up by a person
    limit = silent.settings.deadlines.return_arrival + timedelta(minutes=1)
    await silent.fast_forward(silent.case(order_id, "R-1"), limit)
    await silent.until_event(order_id, "alert.raised")
    await say(silent, return_id, "cancel", reason="the carrier has lost it")
    await until_case(silent, order_id, "R-1", "canceled")


async def test_a_case_that_nobody_decides_is_overdue_until_somebody_does(silent: Baton) -> None:
    order_id = await delivered(silent, "UNDECIDED")
    return_id = await ask_for(silent, order_id, "D-1", **WARRANTY)
    await silent.until_event(order_id, "return.requested")
    limit, case = silent.settings.deadlines.return_approval, silent.case(order_id, "D-1")

    # When its deadline passes, and not a minute before
    await silent.fast_forward(case, limit - timedelta(minutes=1))
    assert await overdue(silent) == []
    await silent.fast_forward(case, timedelta(minutes=2))
    await silent.until_event(order_id, "alert.raised")

    # Then it is overdue, until somebody decides
    assert await overdue(silent) == [return_id]
    await say(silent, return_id, "approve")
    await silent.until_event(order_id, "alert.cleared")
    assert await overdue(silent) == []


async def test_returned_goods_without_a_refund_in_seven_days_alert_a_person(silent: Baton) -> None:
    order_id = await delivered(silent, "UNPAID")
    return_id = await ask_for(silent, order_id, "L-1", kind="store_return")
    await until_case(silent, order_id, "L-1", "approved")
    await say(silent, return_id, "receive", location_id="SHANGHAI", lines=[{"sku": "TEA-SET", "quantity": 1}])
    await until_case(silent, order_id, "L-1", "received")

    await silent.fast_forward(silent.case(order_id, "L-1"), silent.settings.deadlines.refund + timedelta(minutes=1))

    alerts = await silent.until_event(order_id, "alert.raised", times=2)
    assert "the refund is late" in alerts[-1]["data"]["reason"]
    judged = [{"sku": "TEA-SET", "quantity": 1, "disposition": "restock"}]
    await say(silent, return_id, "inspect", lines=judged)
    await until_case(silent, order_id, "L-1", "closed")


async def overdue(baton: Baton) -> list[str]:
    answer = await baton.api.get("/returns", params={"overdue": True, "kind": "warranty"})
    return [case["return_id"] for case in answer.json()["items"]]
