"""A review ends as released, forced, rejected or expired; stock is kept meanwhile."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from activities.holds import Hold, open_hold
from tests.baton import Baton

NO_STREET = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "province": "广东", "city": "深圳"}
HELD = {"ship_to": NO_STREET}
DAY = timedelta(days=1, seconds=1)


async def held(baton: Baton, name: str = "REVIEW") -> str:
    """An order without a street, whose stock is kept meanwhile."""
    order_id = await baton.order(name, **HELD)
    await baton.until_event(order_id, "reservation.created")
    return order_id


async def ask(baton: Baton, order_id: str, what: str, **body: str) -> httpx2.Response:
    return await baton.api.post(f"/orders/{order_id}/{what}", json=body)


def reserved(baton: Baton, order_id: str) -> int:
    [row] = baton.rows("SELECT coalesce(sum(quantity), 0) FROM reservations WHERE order_id = :id", id=order_id)
    return int(row[0])


async def test_an_order_that_is_held_keeps_its_stock_and_goes_on_with_it(silent: Baton) -> None:
    order_id = await held(silent)
    kept = reserved(silent, order_id)

    await ask(silent, order_id, "holds/ADDRESS/release", note="named by phone")

    order = await silent.until_fulfillment(order_id, "released")
    assert (kept, reserved(silent, order_id), order["holds"]) == (3, 0, [])
    assert len(await silent.until_event(order_id, "reservation.created")) == 1
    silent.verify()


async def test_stock_is_given_back_when_an_order_is_held_for_too_long_and_reserved_again_later(silent: Baton) -> None:
    order_id = await held(silent)

    await silent.fast_forward(silent.workflow(order_id), DAY)
    await silent.until_event(order_id, "reservation.released")
    without = reserved(silent, order_id)
    await ask(silent, order_id, "holds/ADDRESS/release", note="at last")

    await silent.until_fulfillment(order_id, "released")
    assert without == 0
    silent.verify()


async def test_an_order_that_is_held_does_not_wait_for_stock_that_is_not_there(silent: Baton) -> None:
    order_id = await silent.order("SCARCE", lines=[("LAST-PIANO", 1, "900.00")], **HELD)
    await silent.until_event(order_id, "sourcing.failed")

    order = await silent.show(order_id)

    assert (order["status"], [hold["code"] for hold in order["holds"]]) == ("under_review", ["ADDRESS"])
    assert (await silent.cancel(order_id)).json()["answer"] == "done"


async def test_the_page_in_temporal_says_who_may_release(silent: Baton) -> None:
    order_id = await held(silent)

    await silent.until_page_says(order_id, "held by ADDRESS (staff)")


async def test_staff_force_an_order_that_several_things_hold(silent: Baton) -> None:
    lines = [("ELEGANT-LAMP", 1, "120.00"), ("NO-SUCH-THING", 1, "1.00")]
    order_id = await silent.order("FORCED", lines=lines, **HELD)
    order = await silent.until(order_id, lambda order: len(order["holds"]) == 2)

    response = await ask(silent, order_id, "force", note="the manager has called")

    assert [hold["code"] for hold in order["holds"]] == ["ADDRESS", "UNKNOWN_GOODS"]
    assert response.json()["holds"] == []
    [forced] = await silent.until_event(order_id, "order.forced")
    assert (forced["actor"], forced["data"]["codes"]) == ("Sun of support", ["ADDRESS", "UNKNOWN_GOODS"])
    await silent.until_status(order_id, "accepted")
    await silent.cancel(order_id)


async def test_staff_reject_an_order_and_it_is_paid_back(silent: Baton) -> None:
    order_id = await held(silent)

    response = await ask(silent, order_id, "reject", reason="on the block list")

    order = await silent.until_status(order_id, "rejected")
    assert (response.status_code, response.json()["answer"]) == (200, "done")
    assert (order["payment_status"], reserved(silent, order_id)) == ("refunded", 0)
    silent.verify()


@pytest.mark.parametrize(("what", "body"), [("reject", {"reason": "late"}), ("force", {"note": "why not"})])
async def test_an_order_under_way_cannot_be_rejected_or_forced(silent: Baton, what: str, body: dict[str, str]) -> None:
    order_id = await silent.order("UNDER-WAY")
    await silent.until_fulfillment(order_id, "released")

    assert (await ask(silent, order_id, what, **body)).status_code == 409


async def expiring(baton: Baton, on_expiry: str) -> str:
    """An order with a second hold that expires in an hour, found by an audit."""
    order_id = await held(baton, f"EXPIRES-{on_expiry.upper()}")
    hold = Hold(order_id, "FRAUD", "a strange night", "risk", "FRAUD:1", 1, 3600.0, on_expiry)
    with baton.sessions.begin() as session:
        open_hold(session, hold)
        session.execute(text("UPDATE orders SET status = 'under_review' WHERE order_id = :id"), {"id": order_id})
    # Another audit sees it, as it would after a change of the channel.
    await baton.gateway("payment.captured", **await payment(baton, order_id))
    await baton.until_event(order_id, "order.held", 2)
    return order_id


async def payment(baton: Baton, order_id: str) -> dict[str, Any]:
    order = await baton.show(order_id)
    return {
        "payment_reference": order["payment_reference"],
        "amount": order["totals"]["grand_total"],
        "currency": order["currency"],
    }


async def hour_passes(baton: Baton, order_id: str) -> None:
    await baton.until_page_says(order_id, "FRAUD (risk)")
    await baton.fast_forward(baton.workflow(order_id), timedelta(hours=1, seconds=5))


async def test_a_hold_that_expires_is_released_and_the_others_stay(silent: Baton) -> None:
    order_id = await expiring(silent, "release")

    await hour_passes(silent, order_id)

    order = await silent.until(order_id, lambda order: len(order["holds"]) == 1)
    assert order["holds"][0]["code"] == "ADDRESS"


async def test_a_hold_that_expires_cancels_the_order(silent: Baton) -> None:
    order_id = await expiring(silent, "cancel")

    await hour_passes(silent, order_id)

    order = await silent.until_status(order_id, "canceled")
    assert order["payment_status"] == "refunded"
    silent.verify()


async def test_an_expired_hold_that_escalates_alerts_a_person_and_stays(silent: Baton) -> None:
    order_id = await expiring(silent, "escalate")

    await hour_passes(silent, order_id)

    order = await silent.until(order_id, lambda order: bool(order["attention"]))
    assert order["attention"] == "FRAUD was not released in time: a strange night"
    assert [hold["code"] for hold in order["holds"]] == ["ADDRESS", "FRAUD"]
    await ask(silent, order_id, "force", note="known since years")
    order = await silent.until_fulfillment(order_id, "released")
    assert order["attention"] is None
