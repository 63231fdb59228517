"""Remarks of customers: read by the audit, kept on the order, and passed to those who can act on them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from models.order import AuditRow, OrderRow
from tests.activities.story import Steps
from tests.factories import LAMPS_AND_CUP, place_order

Ask = Callable[..., Any]
WISHES = "请放门口，不要放快递柜，帮忙包装成礼物"


def written(steps: Steps, remarks: str, merchant: str = "") -> Steps:
    order_id = place_order(steps.sessions, LAMPS_AND_CUP, remarks=remarks, merchant_remarks=merchant)
    return replace(steps, order_id=order_id, stored={})


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def instructions(steps: Steps) -> dict[str, Any]:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id).instructions


def test_understood_remarks_are_kept_and_cause_no_hold(steps: Steps) -> None:
    # given
    wishing = written(steps, WISHES)

    # when
    results = audited(wishing), audited(wishing, 2)

    # then
    assert [result.verdict for result in results] == ["pass", "pass"]
    assert instructions(wishing) == {"leave_at_door": True, "no_locker": True, "gift_wrap": True}


def test_warehouse_and_carrier_each_get_their_instructions(steps: Steps, ask: Ask) -> None:
    # given / when
    wishing = written(steps, WISHES).up_to("book_shipment")

    # then
    picked = ask(f"/wms/fulfillment-orders/{wishing.work}")["request"]
    carried = ask(f"/tms/shipments/{wishing.shipment}")["request"]
    assert picked["instructions"] == {"gift_wrap": True}
    assert carried["instructions"] == {"leave_at_door": True, "no_locker": True}


def test_contradicting_remarks_are_held_for_a_person(steps: Steps) -> None:
    # given
    wavering = written(steps, "到了先打电话。不要打电话")

    # when
    result = audited(wavering)

    # then
    assert result.open.codes == ["REMARKS"]
    assert instructions(wavering) == {}


def test_the_audit_keeps_the_instructions_and_not_the_words(steps: Steps) -> None:
    # given
    private = written(steps, "Please gift wrap it, message: Happy birthday Zenobia!")

    # when
    audited(private)

    # then
    with steps.sessions() as session:
        kept = str(session.get_one(AuditRow, (private.order_id, 1)).__dict__)
    assert "gift_message" in kept
    assert "Zenobia" not in kept
    assert "Zenobia" in instructions(private)["gift_message"]


def test_polite_phrases_cause_no_hold(steps: Steps) -> None:
    assert [audited(written(steps, text)).verdict for text in ("谢谢", "无", "thanks!", "请尽快发货谢谢")] == [
        "pass"
    ] * 4
